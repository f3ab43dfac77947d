// Package topology embeds the declaration of topics; pkg/edge/topology reads it.
package topology

import _ "embed"

// File is topics.yaml.
//
//go:embed topics.yaml
var File []byte
