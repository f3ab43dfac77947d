package fake

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// maxEvents is the documented limit of one request.
const maxEvents = 1000

// input is a request to the events edge after its form was understood.
type input struct {
	dataset string
	token   string
	proof   string
	linked  bool
	test    bool
	root    jsontree.Node
	events  []jsontree.Node
}

var topKeys = set("data", "test_event_code", "partner_agent", "access_token", "appsecret_proof", "upload_tag",
	"upload_id", "upload_source", "namespace_id", "progress", "platforms", "trace")

// read understands the encodings that the edge takes: JSON, and forms with the
// events as JSON text in data.
func (s *Service) read(req call.Request) (*input, *Refusal) {
	if req.Header.Get("Content-Encoding") != "" {
		return nil, &Refusal{Code: 100, Message: "(#100) Compressed request bodies are not supported"}
	}
	if len(req.Body) > s.cfg.MaxBody {
		return nil, &Refusal{Status: http.StatusRequestEntityTooLarge, Code: 1, Subcode: 99, Message: "Please reduce the amount of data you're asking for, then retry your request"}
	}
	mediaType, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	in := &input{}
	switch mediaType {
	case "application/json":
		if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			return nil, &Refusal{Code: 100, Message: "(#100) The body must be UTF-8"}
		}
		if in.root, err = jsontree.Parse(req.Body); err != nil || in.root.Kind != jsontree.Object {
			return nil, &Refusal{Code: 100, Message: "(#100) The body is not a JSON object"}
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(req.Body))
		if err != nil {
			return nil, &Refusal{Code: 100, Message: "(#100) The form cannot be read"}
		}
		in.root = fromForm(form)
	case "multipart/form-data":
		form, err := readMultipart(req.Body, params["boundary"])
		if err != nil {
			return nil, &Refusal{Code: 100, Message: "(#100) The form cannot be read"}
		}
		in.root = fromForm(form)
	default:
		return nil, &Refusal{Code: 100, Message: "(#100) The Content-Type must be application/json or a form"}
	}
	in.token = firstOf(bearer(req.Header), in.root.Get("access_token").Text, req.Query.Get("access_token"))
	in.proof = firstOf(in.root.Get("appsecret_proof").Text, req.Query.Get("appsecret_proof"))
	return in, nil
}

func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func readMultipart(body []byte, boundary string) (url.Values, error) {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	form := url.Values{}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		form.Add(part.FormName(), string(value))
	}
}

// fromForm makes the JSON form of a form: data is one JSON array, or several
// JSON objects under data[].
func fromForm(form url.Values) jsontree.Node {
	root := jsontree.Node{Kind: jsontree.Object}
	var data jsontree.Node
	for name, values := range form {
		switch name {
		case "data":
			if n, err := jsontree.Parse([]byte(values[0])); err == nil {
				data = n
			} else {
				data = jsontree.Node{Kind: jsontree.String}
			}
		case "data[]":
			data.Kind = jsontree.Array
			for _, v := range values {
				n, err := jsontree.Parse([]byte(v))
				if err != nil {
					n = jsontree.Node{Kind: jsontree.String}
				}
				data.Items = append(data.Items, n)
			}
		default:
			root.Members = append(root.Members, jsontree.Member{Name: name, Value: jsontree.Node{Kind: jsontree.String, Text: values[0]}})
		}
	}
	if data.Kind != jsontree.Absent {
		root.Members = append(root.Members, jsontree.Member{Name: "data", Value: data})
	}
	return root
}

// topLevel checks the members beside the events and the number of events.
func (in *input) topLevel() *Refusal {
	for _, m := range in.root.Members {
		if !topKey(m.Name) {
			return unexpectedKey(m.Name, "$")
		}
		if m.Name != "data" && m.Value.Kind != jsontree.String && m.Name != "trace" && m.Name != "progress" && m.Name != "platforms" {
			return badParam("$['"+m.Name+"']", "must be a string")
		}
	}
	if code := in.root.Get("test_event_code"); code.Kind != jsontree.Absent {
		if code.Text == "" {
			return badParam("$['test_event_code']", "must not be empty")
		}
		in.test = true
	}
	if agent := in.root.Get("partner_agent"); agent.Kind != jsontree.Absent && !partnerAgent(agent.Text) {
		return badParam("$['partner_agent']", "must be shorter than 23 characters and have at least 2 letters")
	}
	data := in.root.Get("data")
	switch {
	case data.Kind == jsontree.Absent:
		return &Refusal{Code: 100, Message: "(#100) The parameter data is required"}
	case data.Kind != jsontree.Array:
		return &Refusal{Code: 100, Message: "(#100) param data must be an array."}
	case len(data.Items) == 0:
		return &Refusal{Code: 100, Message: "(#100) param data must be non-empty."}
	case len(data.Items) > maxEvents:
		return &Refusal{Code: 100, Message: "(#100) param data must have at most 1000 elements."}
	case exponent(data):
		return &Refusal{Code: 100, Message: "(#100) Numbers must be written without an exponent"}
	}
	in.events = data.Items
	return nil
}

func partnerAgent(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return len(s) < 23 && letters >= 2
}

// exponent finds a number in exponent notation.
func exponent(n jsontree.Node) bool {
	if n.Kind == jsontree.Number {
		return strings.ContainsAny(n.Text, "eE")
	}
	for _, item := range n.Items {
		if exponent(item) {
			return true
		}
	}
	for _, m := range n.Members {
		if exponent(m.Value) {
			return true
		}
	}
	return false
}

func topKey(name string) bool { return in(topKeys, name) }
