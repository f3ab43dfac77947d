package gate

// row is one gate. It has exactly one function: standing gates see nothing but
// facts and a view, so that the sender can run them again; content gates see
// the event, which only router, hold and replay have.
type row struct {
	name     string
	standing func(*standing) outcome
	content  func(*content) outcome
}

// table is the order in which gates decide; the first that fails wins.
// Capture stands before it: what does not decode never becomes a Case. The
// claim stands behind it, because it is the only gate with a side effect.
var table = [...]row{
	{name: "mapping", standing: mappingEnabled},
	{name: "traffic", content: trafficLive},
	{name: "condition", content: conditionHolds},
	{name: "destination", standing: destinationReady},
	{name: "choice", standing: choiceAllows},
	{name: "consent", standing: consentAllows},
	{name: "identifiers", content: identifiersRemain},
	{name: "age", standing: ageWithin},
	{name: "preflight", content: preflightPasses},
}

// Names lists the gates in order, for docs and explain.
func Names() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].name
	}
	return names
}
