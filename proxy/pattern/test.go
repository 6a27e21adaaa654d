package pattern

import (
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// Test is one criterion with its match method, flags and patterns.
type Test struct {
	eval func(t *tx.Tx) Result
}

// Eval runs the criterion on all occurrences of its sample.
func (x *Test) Eval(t *tx.Tx) Result { return x.eval(t) }

// CompileTest compiles the words of an "acl" line after its name, or those
// between braces: criterion, flags, patterns. index is the first word's place.
func CompileTest(e *keyword.Env, words []string, index int) (*Test, error) {
	return nil, &keyword.Error{Index: index, Text: "ACL tests are not compiled yet"}
}

// predefined returns one of the ACLs of the configuration manual 7.4.
func predefined(e *keyword.Env, name string) *ACL { return nil }
