package dedup

// pack holds the arguments of one command for each request, in few pieces of
// memory: keys, numbers and lists of their own would be six objects a claim.
// Arguments are pointers, because a string or a number that becomes an argument
// itself is one more object.
type pack struct {
	keys         []string
	owners, ttls []int64 // ttls in milliseconds
	args         []any
}

// pack makes room for commands of so many arguments.
func (s *Store) pack(reqs []Request, width int) pack {
	n := len(s.prefix) + len(Key{})
	joined := make([]byte, 0, n*len(reqs))
	numbers := make([]int64, 2*len(reqs))
	p := pack{
		keys: make([]string, len(reqs)), owners: numbers[:len(reqs)], ttls: numbers[len(reqs):],
		args: make([]any, 0, width*len(reqs)),
	}
	for i := range reqs {
		joined = append(append(joined, s.prefix...), reqs[i].Key[:]...)
		p.owners[i], p.ttls[i] = int64(reqs[i].Owner.Claim()), milliseconds(reqs[i].TTL)
	}
	all := string(joined)
	for i := range p.keys {
		p.keys[i] = all[i*n : (i+1)*n]
	}
	return p
}

// of keeps the arguments of one command.
func (p *pack) of(args ...any) []any {
	from := len(p.args)
	p.args = append(p.args, args...)
	return p.args[from:len(p.args):len(p.args)]
}
