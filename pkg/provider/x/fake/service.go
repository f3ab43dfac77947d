// Package fake is a strict stand-in for X's Conversion API for web events
// (measurement/conversions). It judges requests by code of its own and shares none
// with the sender.
package fake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// prefix is the path of the stand-in; the real host is ads-api.x.com.
const prefix = "/x"

// version is the one that lives since 2022; no end is announced.
const version = "12"

// maxConversions is what one request may carry.
const maxConversions = 500

// Pixel is one registered pixel.
type Pixel struct {
	Tokens []string // pixel tokens that may send to it
	// Events are the short ids of its events in the Events Manager.
	Events []string
	// Account is the ads account in answers.
	Account string
	// Locked: the account is locked.
	Locked bool
}

// Config are the stand-in's settings. The zero value takes every pixel, event and
// token.
type Config struct {
	// Pixels by id. When not empty, other pixels, events and tokens are refused.
	Pixels map[string]Pixel
	// MaxBody is the largest accepted body in bytes. Default 1 MiB; the real limit
	// is not documented.
	MaxBody int
	// Oldest and Future are the ages that an event may have. Default 7 days and 60
	// seconds; the real limits are not documented.
	Oldest, Future time.Duration
	// Warning is the text of the header x-api-warn, empty: none.
	Warning string
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	cfg    Config
	ledger *ledger.Ledger
	ids    atomic.Uint64
}

// New makes the stand-in that records in l.
func New(cfg Config, l *ledger.Ledger) *Service {
	return &Service{cfg: cfg.withDefaults(), ledger: l}
}

func (cfg Config) withDefaults() Config {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.Oldest == 0 {
		cfg.Oldest = 7 * 24 * time.Hour
	}
	if cfg.Future == 0 {
		cfg.Future = time.Minute
	}
	return cfg
}

// MaxBody is the largest body the service reads.
func (s *Service) MaxBody() int { return s.cfg.MaxBody }

// pixel is the pixel in a path, or empty.
func pixel(path string) string {
	id, ok := strings.CutPrefix(path, prefix+"/"+version+"/measurement/conversions/")
	if !ok || !idForm.MatchString(id) {
		return ""
	}
	return id
}

// Serve answers one request.
func (s *Service) Serve(req call.Request) call.Answer {
	id := pixel(req.Path)
	conversions, refusal := s.admit(id, req)
	if refusal == nil {
		refusal = s.judge(id, req, conversions)
	}
	if refusal != nil {
		return s.reply(id, refusal)
	}
	for _, c := range conversions {
		s.ledger.Accept(s.identify(id, c))
	}
	return s.answer(http.StatusOK, map[string]any{
		"request": s.request(id), "data": map[string]any{"conversions_processed": len(conversions), "debug_id": s.next("debug")},
	})
}

// admit is everything before the single conversions.
func (s *Service) admit(id string, req call.Request) ([]jsontree.Node, *Refusal) {
	switch {
	case id == "":
		return nil, &Refusal{Status: http.StatusNotFound, Code: "ROUTE_NOT_FOUND", Message: "The requested resource could not be found"}
	case req.Method != http.MethodPost:
		return nil, &Refusal{Status: http.StatusMethodNotAllowed, Code: "METHOD_NOT_ALLOWED", Message: "the method is not allowed here"}
	}
	if refusal := s.authenticate(id, req.Header.Get("X-Pixel-Token")); refusal != nil {
		return nil, refusal
	}
	media, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";")
	switch {
	case len(req.Body) > s.cfg.MaxBody:
		return nil, &Refusal{Status: http.StatusBadRequest, Code: "REQUEST_TOO_COMPLEX", Message: "the request is too large"}
	case !strings.EqualFold(strings.TrimSpace(media), "application/json") || req.Header.Get("Content-Encoding") != "":
		return nil, invalid("INVALID_PARAMETER", "", "only plain application/json is taken")
	}
	root, err := jsontree.Parse(req.Body)
	if err != nil || root.Kind != jsontree.Object {
		return nil, invalid("INVALID_PARAMETER", "", "the body is not a JSON object")
	}
	list := root.Get("conversions")
	switch {
	case len(root.Members) != 1 || list.Kind != jsontree.Array || len(list.Items) == 0:
		return nil, invalid("MISSING_PARAMETER", "conversions", "conversions must be an array that is not empty, and the only member")
	case len(list.Items) > maxConversions:
		return nil, invalid("INVALID_PARAMETER", "conversions", "Conversion count limit is 500")
	}
	return list.Items, nil
}

// authenticate checks token and pixel.
func (s *Service) authenticate(id, token string) *Refusal {
	if token == "" {
		return BadToken()
	}
	if len(s.cfg.Pixels) == 0 {
		return nil
	}
	known := false
	for _, p := range s.cfg.Pixels {
		known = known || slices.Contains(p.Tokens, token)
	}
	p, exists := s.cfg.Pixels[id]
	switch {
	case !known:
		return BadToken()
	case !exists:
		return &Refusal{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "the pixel was not found"}
	case !slices.Contains(p.Tokens, token):
		return &Refusal{Status: http.StatusForbidden, Code: "ACCOUNT_NOT_FOUND", Message: "the account was not found"}
	case p.Locked:
		return &Refusal{Status: http.StatusForbidden, Code: "ACCOUNT_LOCKED_OUT", Message: "the account is locked"}
	}
	return nil
}

// judge looks at all conversions. One that is wrong refuses all, and every error is
// listed, without saying whose it is.
func (s *Service) judge(id string, req call.Request, conversions []jsontree.Node) *Refusal {
	var problems []problem
	seen := make(map[ledger.Event]bool, len(conversions))
	for _, c := range conversions {
		k := check{now: req.Now, oldest: s.cfg.Oldest, future: s.cfg.Future}
		k.conversion(c)
		e := s.identify(id, c)
		switch {
		case len(k.problems) > 0:
		case seen[e]:
			k.refuse("INVALID_PARAMETER", "conversion_id", "came twice in this request")
		case req.Poison != nil && req.Poison(e.ID):
			k.refuse("INVALID_PARAMETER", "conversion_id", "is not acceptable")
		}
		seen[e] = true
		if len(k.problems) > 0 {
			s.ledger.Refuse(e, k.problems[0].Code)
			problems = append(problems, k.problems...)
		}
	}
	if problems != nil {
		return &Refusal{Status: http.StatusBadRequest, list: problems}
	}
	for _, c := range conversions {
		if name := c.Get("event_id").Text; !s.exists(id, name) {
			return &Refusal{Status: http.StatusNotFound, Code: "WEB_EVENT_TAG_NOT_FOUND", Message: "Event ID was not found"}
		}
	}
	return nil
}

// exists tells whether a pixel has an event, named in either form.
func (s *Service) exists(id, name string) bool {
	if rest, long := strings.CutPrefix(name, "tw-"); long {
		of, _, _ := strings.Cut(rest, "-")
		if of != id {
			return false
		}
	}
	if len(s.cfg.Pixels) == 0 {
		return true
	}
	return slices.Contains(s.cfg.Pixels[id].Events, short(id, name))
}

// short is the short form of an event's id.
func short(id, name string) string { return strings.TrimPrefix(name, "tw-"+id+"-") }

// identify names a conversion as X does: by pixel, event and conversion_id. Without
// one the content stands in.
func (s *Service) identify(id string, c jsontree.Node) ledger.Event {
	own := c.Get("conversion_id").Text
	if own == "" {
		own = "content:" + c.Get("conversion_time").Text
	}
	return s.Event(id, c.Get("event_id").Text, own)
}

// next makes letters and digits that were not made before, the same in every run.
func (s *Service) next(what string) string {
	sum := sha256.Sum256([]byte(what + " " + strconv.FormatUint(s.ids.Add(1), 10)))
	return hex.EncodeToString(sum[:12])
}

func (s *Service) request(id string) any {
	account := s.cfg.Pixels[id].Account
	if account == "" {
		account = "18ce552mlaq"
	}
	return map[string]any{"params": map[string]string{"account_id": account}}
}

func (s *Service) answer(status int, body any) call.Answer {
	h := http.Header{"Content-Type": {"application/json;charset=utf-8"}, "X-Transaction-Id": {s.next("transaction")[:16]}, "X-Current-Api-Version": {version}}
	if s.cfg.Warning != "" {
		h.Set("X-Api-Warn", s.cfg.Warning)
	}
	raw, err := json.Marshal(body)
	if err != nil { // only strings and numbers come here
		return call.Answer{Status: http.StatusInternalServerError, Header: h}
	}
	return call.Answer{Status: status, Header: h, Body: raw}
}
