// Package transact has the one skeleton of every loop that reads, decides and
// writes in Kafka transactions: poll, wait until due, work, begin, produce,
// end. The caller brings a [Work] function; everything that can go wrong
// between two brokers and a process is handled here and nowhere else.
//
// # What a loop promises
//
// Every record polled is given to Work at least once, and the records that
// Work returned, together with the offsets of what it was given, become
// visible once or not at all. A batch that could not be committed is rewound
// and given to Work again, so whatever Work does outside Kafka must bear
// being repeated.
//
// # Not obvious
//
//   - GroupTransactSession.End commits everything that was polled. What is not
//     due, or should not be committed, must not have been polled; there is no
//     "commit only these".
//   - A session that has seen a revocation aborts its next End, even if nothing
//     was in hand when it came. The loop therefore ends an empty transaction
//     right after a revocation instead of losing a worked batch later.
//   - The session calls our revocation callback only once between two Ends, so
//     it cannot be used to keep the set of assigned partitions. The client's
//     own table of committed offsets is that set, because every offset is
//     resolved to a number before reading begins (positions.go).
//   - That resolution also decides where an abort rewinds to. With an unresolved
//     "latest" an abort before the first commit would go to the new end and
//     skip what was in hand.
//   - The producer id is taken before anything is read. A killed predecessor may
//     have left a transaction open; its pending offsets block our offset fetch
//     until that transaction ends, and taking the id ends it at once instead of
//     after the transaction timeout.
//   - When End returns an error the state of the client is not known. It is
//     closed and made anew with the same transactional id, which aborts what
//     may have been left open. The context given to End ends only when the
//     process stops.
//   - The client never follows a topic that was deleted and created again; it
//     reports UNKNOWN_TOPIC_ID for ever. A new client does, and then the topic
//     id in the commit metadata differs from the topic's.
package transact
