package table

// PartitionOf is partitionOf, to be compared with the client library's.
var PartitionOf = partitionOf
