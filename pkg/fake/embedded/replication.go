package embedded

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// Replication gives a miniredis what it lacks of INFO: the sections server,
// replication and cluster, and with them a replication id that changes as a
// real server's does. [Replication.Promote] is a failover to a replica that was
// behind.
type Replication struct {
	redis *miniredis.Miniredis

	mu               sync.Mutex
	run, id, second  string
	replicas, behind int
	cluster, refused bool
}

const noID = "0000000000000000000000000000000000000000"

// NewReplication makes the server answer INFO. It takes the place of the
// server's hook, which SetError also uses: after SetError(""), call Install.
func NewReplication(redis *miniredis.Miniredis) *Replication {
	r := &Replication{redis: redis, run: randomID(), id: randomID(), second: noID}
	r.Install()
	return r
}

// Install puts the hook in place again.
func (r *Replication) Install() { r.redis.Server().SetPreHook(r.answer) }

func randomID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

func (r *Replication) answer(c *server.Peer, cmd string, args ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case strings.EqualFold(cmd, "WAIT"):
		c.WriteInt(r.replicas - r.behind)
		return true
	case !strings.EqualFold(cmd, "INFO") || len(args) != 1:
		return false
	case r.refused:
		c.WriteError("NOPERM this user has no permissions to run the 'info' command")
		return true
	}
	switch strings.ToLower(args[0]) {
	case "server":
		c.WriteBulk("# Server\r\nredis_version:7.4.1\r\nrun_id:" + r.run + "\r\n")
	case "replication":
		c.WriteBulk(fmt.Sprintf("# Replication\r\nrole:master\r\nconnected_slaves:%d\r\nmaster_replid:%s\r\nmaster_replid2:%s\r\n", r.replicas, r.id, r.second))
	case "cluster":
		enabled := 0
		if r.cluster {
			enabled = 1
		}
		c.WriteBulk(fmt.Sprintf("# Cluster\r\ncluster_enabled:%d\r\n", enabled))
	default:
		return false
	}
	return true
}

// Promote lets a replica take over that has only the keys that keep names: the
// replication id changes, and the process that answers is another.
func (r *Replication) Promote(keep func(key string) bool) {
	r.mu.Lock()
	r.second, r.id, r.run = r.id, randomID(), randomID()
	r.mu.Unlock()
	for _, key := range r.redis.Keys() {
		if !keep(key) {
			r.redis.Del(key)
		}
	}
}

// Restarted says that the server was started again: it has other ids.
func (r *Replication) Restarted() {
	r.mu.Lock()
	r.id, r.run, r.second = randomID(), randomID(), noID
	r.mu.Unlock()
	r.Install()
}

// Release is what a primary does an hour after its last replica went: it takes
// a new replication id, and has lost nothing.
func (r *Replication) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id, r.second = randomID(), noID
}

// SetReplicas says how many replicas there are, and how many of them do not
// have the newest writes.
func (r *Replication) SetReplicas(connected, behind int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replicas, r.behind = connected, behind
}

// SetCluster says whether the server is a node of a cluster.
func (r *Replication) SetCluster(enabled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cluster = enabled
}

// SetRefused says whether INFO is forbidden.
func (r *Replication) SetRefused(refused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = refused
}
