package gate

// row is one gate. It has exactly one function: recheckable gates see nothing but
// facts and a view, so that the sender can run them again; event gates see
// the event, which only router, hold and replay have.
type row struct {
	name        string
	recheckable func(*recheck) outcome
	event       func(*eventCheck) outcome
}

// table is the order in which gates decide; the first that fails wins.
// Capture stands before it: what does not decode never becomes a Case. The
// claim stands behind it, because it is the only gate with a side effect.
var table = [...]row{
	{name: "mapping", recheckable: mappingEnabled},
	{name: "traffic", event: trafficLive},
	{name: "condition", event: conditionHolds},
	{name: "destination", recheckable: destinationReady},
	{name: "choice", recheckable: choiceAllows},
	{name: "consent", recheckable: consentAllows},
	{name: "identifiers", event: identifiersRemain},
	{name: "age", recheckable: ageWithin},
	{name: "preflight", event: preflightPasses},
}

// Names lists the gates in order, for docs and explain.
func Names() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].name
	}
	return names
}
