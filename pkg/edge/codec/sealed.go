package codec

import (
	"github.com/sluicehq/sluice/schemas"
)

// SubjectKey is the wrapped key of one sealed letter.
type SubjectKey struct {
	// InstallationKey is the id of the key that wraps it.
	InstallationKey string
	Wrapped         []byte
	CreatedAt       int64 // epoch ms
}

func subjectKeyFields(c *coder, k *SubjectKey) {
	c.str("installation_key", &k.InstallationKey)
	c.blob("wrapped", &k.Wrapped)
	c.optTime("created_at", &k.CreatedAt)
}

// AppendSubjectKey appends k as a framed Avro value.
func AppendSubjectKey(dst []byte, id SchemaID, k *SubjectKey) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	subjectKeyFields(&c, k)
	return c.buf
}

// DecodeSubjectKey reads a subject's key in our schema (without its frame). Its
// bytes alias body.
func DecodeSubjectKey(dst *SubjectKey, body []byte) error {
	*dst = SubjectKey{}
	c := reader(body)
	subjectKeyFields(&c, dst)
	return c.err()
}

// SubjectKeys reads keys of subjects, whoever wrote them.
func SubjectKeys(r *Registry) (*Decoder[SubjectKey], error) {
	return newDecoder(r, schemas.SubjectKey, DecodeSubjectKey)
}

// AppendContent appends what of an original is sealed: its key, value and
// headers, as they stand in a letter that is not sealed.
func AppendContent(dst []byte, o *Original) []byte {
	c := coder{mode: writing, buf: dst}
	contentFields(&c, o)
	return c.buf
}

// DecodeContent reads what AppendContent wrote into o, whose source stays. Bytes
// alias body.
func DecodeContent(o *Original, body []byte) error {
	o.Key, o.Value, o.Headers = nil, nil, nil
	c := reader(body)
	contentFields(&c, o)
	return c.err()
}
