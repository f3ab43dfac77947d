package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kind is what a right is about.
type Kind string

// The kinds.
const (
	TopicRight         Kind = "topic"
	GroupRight         Kind = "group"
	TransactionalRight Kind = "transactional-id"
)

// Right is one thing that a role may do, as an ACL of Kafka says it.
type Right struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Prefixed: Name is what the resource's name begins with.
	Prefixed bool `json:"prefixed"`
	// Operations in Kafka's words: read, write, describe_configs. Both read
	// and write imply describe.
	Operations []string `json:"operations"`
}

// RightsOptions are the names of an installation.
type RightsOptions struct {
	// Prefix of our topics. Empty: the default.
	Prefix string
	// Input is the analytics topic.
	Input string
	// Groups replaces names of groups, which also begin the transactional ids,
	// by those of the installation: sluice-router by what router.group says.
	Groups map[string]string
}

// RoleNames lists the declared roles.
func RoleNames() ([]string, error) {
	names, err := roleNames()
	return slices.Clone(names), err
}

// roleNames are constants of the binary; every command line asks for them.
var roleNames = sync.OnceValues(func() ([]string, error) {
	_, roles, err := Declared(Options{})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(roles)), nil
})

// Rights gives the least that a role of topics.yaml needs. An unknown role is
// an error that names the known ones.
func Rights(role string, o RightsOptions) ([]Right, error) {
	_, roles, err := Declared(Options{})
	if err != nil {
		return nil, err
	}
	r, ok := roles[role]
	if !ok {
		return nil, fmt.Errorf("role %q is not declared: want one of %s", role, strings.Join(slices.Sorted(maps.Keys(roles)), ", "))
	}
	var all []Right
	for _, name := range slices.Sorted(maps.Keys(topicsOf(r))) {
		right := o.topic(name)
		if slices.Contains(r.Read, name) {
			right.Operations = append(right.Operations, "read")
		}
		if slices.Contains(r.Write, name) {
			// A writer asks how large a record may be before it is refused.
			right.Operations = append(right.Operations, "write", "describe_configs")
		}
		all = append(all, right)
	}
	for _, name := range r.Groups {
		all = append(all, Right{Kind: GroupRight, Name: o.group(name), Prefixed: true, Operations: []string{"read"}})
	}
	for _, name := range r.TransactionalIDs {
		all = append(all, Right{Kind: TransactionalRight, Name: o.group(name), Prefixed: true, Operations: []string{"write"}})
	}
	return all, nil
}

func topicsOf(r Role) map[string]bool {
	all := map[string]bool{}
	for _, name := range slices.Concat(r.Read, r.Write) {
		all[name] = true
	}
	return all
}

func (o RightsOptions) topic(name string) Right {
	if name == "input" {
		return Right{Kind: TopicRight, Name: o.Input}
	}
	stem, prefixed := strings.CutSuffix(name, "*")
	return Right{Kind: TopicRight, Name: Names{Prefix: o.Prefix}.name(stem), Prefixed: prefixed}
}

func (o RightsOptions) group(name string) string {
	if other, ok := o.Groups[name]; ok {
		return other
	}
	return name
}

// commandWords are the operations as kafka-acls wants them.
var commandWords = map[string]string{"read": "Read", "write": "Write", "describe_configs": "DescribeConfigs"}

// Command is the right as an argument list of kafka-acls, for those who let
// another program apply it.
func (r Right) Command(principal string) []string {
	args := []string{"--add", "--allow-principal", principal}
	for _, op := range r.Operations {
		args = append(args, "--operation", commandWords[op])
	}
	args = append(args, "--"+string(r.Kind), r.Name)
	if r.Prefixed {
		args = append(args, "--resource-pattern-type", "prefixed")
	}
	return args
}

// Grant makes the ACLs of rights for a principal, such as User:sluice-router.
// ACLs that are there already stay as they are, and none is removed. A cluster
// says yes before its brokers know, so Grant returns when the broker that is
// asked knows them.
func Grant(ctx context.Context, client *kgo.Client, principal string, rights []Right) error {
	admin := kadm.NewClient(client)
	for _, r := range rights {
		b, err := r.acl(principal)
		if err != nil {
			return err
		}
		answers, err := admin.CreateACLs(ctx, b)
		for _, a := range answers {
			err = errors.Join(err, a.Err)
		}
		if err != nil {
			return fmt.Errorf("granting %s %s to %s: %w", r.Kind, r.Name, principal, err)
		}
	}
	for _, r := range rights {
		if err := r.await(ctx, admin, principal); err != nil {
			return fmt.Errorf("waiting for %s %s of %s: %w", r.Kind, r.Name, principal, err)
		}
	}
	return nil
}

// acl says the right as the client wants it.
func (r Right) acl(principal string) (*kadm.ACLBuilder, error) {
	b := kadm.NewACLs().Allow(principal).AllowHosts("*").ResourcePatternType(kadm.ACLPatternLiteral)
	if r.Prefixed {
		b.ResourcePatternType(kadm.ACLPatternPrefixed)
	}
	switch r.Kind {
	case TopicRight:
		b.Topics(r.Name)
	case GroupRight:
		b.Groups(r.Name)
	case TransactionalRight:
		b.TransactionalIDs(r.Name)
	}
	operations, err := r.operations()
	return b.Operations(operations...), err
}

// await asks until the broker shows the right.
func (r Right) await(ctx context.Context, admin *kadm.Client, principal string) error {
	b, err := r.acl(principal)
	if err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		shown := 0
		answers, err := admin.DescribeACLs(ctx, b)
		for _, a := range answers {
			err = errors.Join(err, a.Err)
			shown += len(a.Described)
		}
		if err != nil || shown >= len(r.Operations) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r Right) operations() ([]kadm.ACLOperation, error) {
	var all []kadm.ACLOperation
	for _, text := range r.Operations {
		op, err := kmsg.ParseACLOperation(text)
		if err != nil {
			return nil, fmt.Errorf("reading the operation %q: %w", text, err)
		}
		all = append(all, op)
	}
	return all, nil
}
