package resource

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// Installation is what resources are compiled against: the providers that the
// binary knows, and what its customers share.
type Installation struct {
	Providers map[string]Provider
	Customers Customers
	// CustomersUnknown: nobody has said what customers share, and nothing is sent,
	// as where resources are explained without a configuration. A secret whose name
	// is no customer's and an account of two customers are noted then; where the
	// configuration is known they are refused.
	CustomersUnknown bool
}

// Customers says how secrets and accounts belong to customers. The zero value
// shares nothing. The tags declare the section customers of the configuration.
type Customers struct {
	Secrets string        `yaml:"secrets" enum:"folder_or_prefix,folder,prefix,any" doc:"How the name of a destination's secret says whose it is. folder: file:CUSTOMER/NAME. prefix: file:CUSTOMER-NAME, where NAME has no dash; env:CUSTOMER__NAME, in capitals. any: any customer may name any secret, for an installation in which one operator writes every destination."`
	Shared  []SharedThing `yaml:"shared" doc:"Secrets and accounts that several customers have, such as an agency's: a list of {secret: \"file:agency.json\", customers: [a, b]} and {account: \"meta:1234567890\", customers: [a, b]}."`
}

// SharedThing is one secret or account of several customers.
type SharedThing struct {
	Secret    string   `yaml:"secret" doc:"The reference, as destinations write it."`
	Account   string   `yaml:"account" doc:"The account, as the refusal names it."`
	Customers []string `yaml:"customers" doc:"Who may use it."`
}

// The ways in which the name of a secret says whose it is.
const (
	SecretsFolderOrPrefix = "folder_or_prefix"
	SecretsFolder         = "folder"
	SecretsPrefix         = "prefix"
	SecretsAny            = "any"
)

// secretProblem is what is wrong with the secret that a destination names. The
// name alone decides, so that no other resource can change the answer. NAME has
// no dash after a prefix: acme-eu-meta.json would be of acme and of acme-eu.
func (c Customers) secretProblem(d *Destination) *Problem {
	if d.Secret == "" || c.Secrets == SecretsAny || c.owns(d.Customer, d.Secret) {
		return nil
	}
	shared := slices.ContainsFunc(c.Shared, func(s SharedThing) bool { return s.Secret == d.Secret && slices.Contains(s.Customers, d.Customer) })
	if shared {
		return nil
	}
	want := c.forms(d.Customer, d.Secret)
	p := &Problem{Path: "spec.secret", Rule: fmt.Sprintf("must be a secret of customer %s, as its name says: %s", d.Customer, strings.Join(want, " or "))}
	if secretReference.MatchString(d.Secret) {
		p.Value = document.Quoted(d.Secret)
	}
	p.Fix = fmt.Sprintf("rename the secret and write %s; one that several customers share stands in customers.shared of the configuration", c.renamed(d.Customer, d.Secret))
	return p
}

// owns says whether the name of a secret says that it is a customer's.
func (c Customers) owns(customer, reference string) bool {
	kind, name, _ := strings.Cut(reference, ":")
	if kind == "env" {
		return variableForm(customer) != "" && before(name, "__") == variableForm(customer)
	}
	if kind != "file" || customer == "" || path.Clean(name) != name || strings.HasPrefix(name, "..") {
		return false // acme/../globex/meta.json begins with a folder that it is not in
	}
	folder, _, inFolder := strings.Cut(name, "/")
	if inFolder {
		return c.Secrets != SecretsPrefix && folder == customer
	}
	return c.Secrets != SecretsFolder && before(name, "-") == customer
}

// before is what stands before the last separator; empty without one.
func before(name, separator string) string {
	i := strings.LastIndex(name, separator)
	return name[:max(i, 0)]
}

// variableForm is a customer as environment variables name it, empty where two
// customers could have the same.
func variableForm(customer string) string {
	for _, r := range customer {
		if r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return strings.ToUpper(strings.ReplaceAll(customer, "-", "_"))
}

// forms are the ways to name a secret of a customer, of the kind of a reference.
func (c Customers) forms(customer, reference string) []string {
	form := variableForm(customer)
	switch {
	case strings.HasPrefix(reference, "env:") && form != "":
		return []string{"env:" + form + "__NAME"}
	case c.Secrets == SecretsFolder:
		return []string{"file:" + customer + "/NAME"}
	case c.Secrets == SecretsPrefix:
		return []string{"file:" + customer + "-NAME, with no dash in NAME"}
	default:
		return []string{"file:" + customer + "/NAME", "file:" + customer + "-NAME, with no dash in NAME"}
	}
}

// renamed is the name that a secret may have meant.
func (c Customers) renamed(customer, reference string) string {
	kind, name, _ := strings.Cut(reference, ":")
	if form := variableForm(customer); kind == "env" && form != "" {
		_, own := strings.CutPrefix(name, form+"_")
		if own {
			name = name[len(form)+1:]
		}
		return "env:" + form + "__" + strings.Trim(strings.ReplaceAll(name, "__", "_"), "_")
	}
	name = path.Base(name)
	if rest, own := strings.CutPrefix(name, customer+"-"); own {
		name = rest
	}
	if c.Secrets == SecretsFolder {
		return "file:" + customer + "/" + name
	}
	return "file:" + customer + "-" + strings.ReplaceAll(name, "-", "_")
}

// Use is one secret or account at several customers.
type Use struct {
	// Thing is a reference or an account's fingerprint.
	Thing        string
	Account      bool
	Customers    []string
	Destinations []string
	// Permitted: the configuration names every one of these customers.
	Permitted bool
}

// SharedUses lists every secret and every account that destinations of several
// customers have.
func (c Customers) SharedUses(s *Set) []Use {
	secrets, accounts := map[string]*Use{}, map[string]*Use{}
	for _, e := range s.Destinations() {
		note(secrets, Use{Thing: e.Destination.Secret}, e)
		note(accounts, Use{Thing: e.Fingerprint, Account: true}, e)
	}
	var all []Use
	for _, uses := range []map[string]*Use{secrets, accounts} {
		for _, thing := range sortedKeys(uses) {
			u := uses[thing]
			if u.Permitted = c.permits(u); len(u.Customers) > 1 {
				all = append(all, *u)
			}
		}
	}
	return all
}

func note(uses map[string]*Use, of Use, e *Endpoint) {
	if of.Thing == "" || e.Destination.Customer == "" {
		return
	}
	u := uses[of.Thing]
	if u == nil {
		u = &of
		uses[of.Thing] = u
	}
	u.Destinations = append(u.Destinations, e.Destination.ID)
	if !slices.Contains(u.Customers, e.Destination.Customer) {
		u.Customers = append(u.Customers, e.Destination.Customer)
	}
}

func (c Customers) permits(u *Use) bool {
	return slices.ContainsFunc(c.Shared, func(s SharedThing) bool {
		if thing := cmp.Or(s.Account, s.Secret); thing != u.Thing || (s.Account != "") != u.Account {
			return false
		}
		return !slices.ContainsFunc(u.Customers, func(customer string) bool { return !slices.Contains(s.Customers, customer) })
	})
}

// accountProblems refuses one account at two customers. Its destinations stay
// usable: nobody knows which of them is wrong, and one record that was written
// past `sluice apply` would stop another customer's.
func (c *compiler) accountProblems(s *Set) {
	for _, u := range c.in.Customers.SharedUses(s) {
		if !u.Account || u.Permitted {
			continue
		}
		for _, id := range u.Destinations {
			c.report(resourceID(KindDestination, id), Problem{
				Warning: c.in.CustomersUnknown, Path: "spec.account", Value: document.Quoted(u.Thing),
				Rule: fmt.Sprintf("must be the account of one customer, and is one of %s (%s)", strings.Join(u.Customers, ", "), strings.Join(u.Destinations, ", ")),
				Fix: fmt.Sprintf("give each customer an account of its own, or permit it in the configuration: customers: {shared: [{account: %s, customers: [%s]}]}",
					document.Quoted(u.Thing), strings.Join(u.Customers, ", ")),
			})
		}
	}
}
