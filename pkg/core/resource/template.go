package resource

// NoEvent is the provider event of a template's row for an event that the
// provider has nothing for: it decides provider.unsupported_event, so that the
// decision says so instead of staying silent.
const NoEvent = "none"

// templates are the standard event tables that a mapping may name instead of
// listing events. Which provider event stands for each source event is each
// provider's to say: see Provider.TemplateEvent.
var templates = [...]struct {
	name   string
	events []string
}{
	{"commerce", []string{
		"transaction.purchase",
		"cart.added",
		"product.viewed",
		"checkout.started",
		"payment_info.added",
		"user.signed_up",
		"lead.submitted",
		"lead.qualified",
		"lead.converted",
		"subscription.started",
		"transaction.refunded",
	}},
}

// TemplateEvents are the source events of a template, in order.
func TemplateEvents(name string) []string {
	for i := range templates {
		if templates[i].name == name {
			return templates[i].events
		}
	}
	return nil
}

func templateNames() []string {
	names := make([]string, 0, len(templates))
	for i := range templates {
		names = append(names, templates[i].name)
	}
	return names
}
