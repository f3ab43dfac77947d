package config

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// together checks what concerns several settings at once.
func (v *validator) together(c Config) {
	v.tls("kafka.tls", c.Kafka.TLS)
	v.tls("registry.tls", c.Registry.TLS)
	v.tls("redis.tls", c.Redis.TLS)
	v.sasl(c.Kafka.SASL)
	if s := c.Redis.Sentinel; (s.Master == "") != (len(s.Addresses) == 0) {
		v.add("redis.sentinel", "must have master and addresses, or neither", s.Master, "set both: the primary's name, and host:port of each sentinel")
	}

	if c.Registry.Username == "" && !c.Registry.Password.IsZero() {
		v.add("registry.password", "needs registry.username", c.Registry.Password.String(), "set registry.username, or remove the password")
	}
	if c.Privacy.Key.IsZero() != (c.Privacy.KeyID == "") {
		v.add("privacy", "must have key and key_id, or neither", "", "set both, so that diagnostics say which key hashed them")
	}
	if strings.HasPrefix(c.Topics.Input, c.Topics.Prefix+".") {
		v.add("topics.input", "must not begin with topics.prefix", c.Topics.Input, "choose another prefix: a topic of ours must never be read as input")
	}
	if c.Router.Hold.Group == c.Router.Group {
		v.add("router.hold.group", "must differ from router.group", c.Router.Hold.Group, "name a group of its own: both would take the other's partitions")
	}
	if groups := []string{c.Router.Group, c.Router.Hold.Group}; slices.Contains(groups, c.Sender.Group) {
		v.add("sender.group", "must differ from the router's groups", c.Sender.Group, "name a group of its own")
	}
	v.providers(c.Sender)
	v.retention(c.Topology)
	v.erase(&c)
	for i, s := range c.Customers.Shared {
		path := document.IndexPath("customers.shared", i)
		if (s.Secret == "") == (s.Account == "") {
			v.add(path, "must have secret or account, and not both", "", `write {secret: "file:agency.json", customers: [a, b]}, or account instead of secret`)
		}
		if len(s.Customers) < 2 {
			v.add(path+".customers", "must name at least two customers", strings.Join(s.Customers, ", "), "name everybody who may use it, or remove the entry")
		}
	}
}

// retention holds what topics are to keep against what they are for.
func (v *validator) retention(t Topology) {
	problems, err := topology.CheckRetention(t.Kept())
	if err != nil { // it is part of the program
		v.add("topology.retention", err.Error(), "", "use another build")
	}
	for _, p := range problems {
		v.add(document.ChildPath("topology.retention", p.Name), p.Rule, t.Retention[p.Name].String(), p.Fix)
	}
}

// erase keeps letters that nobody's erasure reaches for eight days at most, and
// keys for longer than the letters that they open.
func (v *validator) erase(c *Config) {
	if _, there := c.Erase.Keys[c.Erase.KeyID]; !there && c.Erase.KeyID != "" {
		v.add("erase.key_id", "must be the id of one of erase.keys", c.Erase.KeyID, "name the key that seals; the others only open")
	}
	for id, key := range c.Erase.Keys {
		if id == "" {
			v.add("erase.keys", "must name every key", "", "write an id before it, such as k1")
		}
		if key.IsZero() {
			v.add(document.ChildPath("erase.keys", id), "must be a reference", "", "write file:/path or env:NAME")
		}
	}
	if c.Erase.KeyID == "" {
		return
	}
	kept := c.Topology.Kept()
	const letters = "deadletter.events"
	if keeps, set := kept[letters]; set && keeps > topology.SealedLetters {
		v.add(document.ChildPath("topology.retention", letters), "must be at most "+Duration(topology.SealedLetters).String()+" where erase.key_id seals", Duration(keeps).String(),
			"shorten it: with the day until a segment closes, what no erasure reaches is gone within eight days")
	}
	keys, set := kept["subject-keys"]
	if !set {
		keys = topology.SubjectKeysKept
	}
	if hold := kept["hold"]; hold+topology.SealedLetters > keys {
		v.add(document.ChildPath("topology.retention", "subject-keys"), "must be at least "+Duration(hold+topology.SealedLetters).String()+" where hold is kept for "+Duration(hold).String(), Duration(keys).String(),
			"lengthen it: a sealed letter must not outlive its key")
	}
}

func (v *validator) tls(path string, t TLS) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		v.add(path, "must have cert_file and key_file, or neither", "", "set both for mTLS")
	}
	if files := t.CAFile + t.CertFile + t.KeyFile; !t.Enabled && files != "" && path != "registry.tls" {
		v.add(path+".enabled", "must be true where certificate files are set", "false", "set it to true, or remove the files")
	}
}

func (v *validator) sasl(s SASL) {
	const path = "kafka.sasl"
	switch s.Mechanism {
	case "":
		if s.Username != "" || !s.Password.IsZero() || !s.Token.IsZero() {
			v.add(path+".mechanism", "must be set where credentials are", "", "choose PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
		}
	case "OAUTHBEARER":
		if _, file := s.Token.File(); !file {
			v.add(path+".token", "must be a file: reference for OAUTHBEARER", s.Token.String(), "write the token to a file; it is read again for every connection")
		}
	default:
		if s.Username == "" {
			v.add(path+".username", "must be set for "+s.Mechanism, "", "set the user")
		}
		if s.Password.IsZero() {
			v.add(path+".password", "must be set for "+s.Mechanism, "", "set a reference: file:/path or env:NAME")
		}
	}
}

// providers keeps the exceptions for sandboxes away from real providers: an
// exception without another address would weaken production.
func (v *validator) providers(s Sender) {
	own := ownHosts()
	for name, p := range s.Providers {
		path := "sender.providers." + name
		if (p.AllowInsecure || p.AllowPrivate) && p.BaseURL == "" {
			v.add(path, "must set base_url where it has exceptions for a sandbox", "", "set base_url, or remove allow_insecure and allow_private")
		}
		if len(p.Hosts) > 0 && !slices.Contains(own, name) {
			v.add(path+".hosts", "must be absent: this provider's hosts are fixed", strings.Join(p.Hosts, ", "), "remove it, or write it below "+strings.Join(own, " or "))
		}
		for key, address := range map[string]string{"base_url": p.BaseURL, "token_url": p.TokenURL} {
			if strings.HasPrefix(address, "http://") && !p.AllowInsecure {
				v.add(path+"."+key, "must be https", address, "use https, or set allow_insecure: true for a sandbox")
			}
		}
	}
}

// ownHosts are the providers that send to hosts of the installation's own.
func ownHosts() []string {
	var names []string
	for _, s := range all.Specs() {
		if s.OwnHosts {
			names = append(names, s.Name)
		}
	}
	return names
}
