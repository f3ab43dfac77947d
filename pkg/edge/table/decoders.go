package table

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// NewDecoders read records as our codec writes them.
func NewDecoders(registry *codec.Registry) (Decoders, error) {
	destinations, err := codec.Destinations(registry)
	if err != nil {
		return Decoders{}, err
	}
	mappings, err := codec.Mappings(registry)
	if err != nil {
		return Decoders{}, err
	}
	policies, err := codec.Policies(registry)
	if err != nil {
		return Decoders{}, err
	}
	consents, err := codec.NewConsentRecords(registry)
	if err != nil {
		return Decoders{}, err
	}
	keys, err := codec.SubjectKeys(registry)
	if err != nil {
		return Decoders{}, err
	}
	return Decoders{
		SubjectKey:  keys.Decode,
		Destination: destinations.Decode, Mapping: mappings.Decode, Consent: consents.Decode,
		Policy: func(ctx context.Context, value []byte, dst *consent.Policy) error {
			var p codec.Policy
			if err := policies.Decode(ctx, value, &p); err != nil {
				return err
			}
			*dst = p.Policy
			return nil
		},
	}, nil
}
