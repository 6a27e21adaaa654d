// Package pattern decides whether a sample matches: match methods, pattern
// files and maps with the index that fits each method, named ACLs and
// conditions.
package pattern

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// Result is the outcome of a test; Maybe means "ask again when more data came".
type Result uint8

// Outcomes of a condition.
const (
	Fail Result = iota
	Maybe
	Pass
)

// ACL is a named test; several lines with one name are alternatives.
type ACL struct {
	Name  string
	Tests []*Test
}

// Eval runs the alternatives until one passes.
func (a *ACL) Eval(t *tx.Tx) Result {
	best := Fail
	for _, x := range a.Tests {
		if r := x.Eval(t); r > best {
			if best = r; r == Pass {
				break
			}
		}
	}
	return best
}

// ACLs are the named ACLs that a section sees; a proxy's parent is its
// defaults section. It is attached to the keyword.Env of the section.
type ACLs struct {
	Parent *ACLs
	by     map[string]*ACL
	order  []*ACL
}

// Add adds a test under a name.
func (a *ACLs) Add(name string, t *Test) *ACL {
	if a.by == nil {
		a.by = map[string]*ACL{}
	}
	x := a.by[name]
	if x == nil {
		x = &ACL{Name: name}
		a.by[name] = x
		a.order = append(a.order, x)
	}
	x.Tests = append(x.Tests, t)
	return x
}

// Lookup finds an ACL by name, in this section, its parents, and among the
// predefined ones.
func (a *ACLs) Lookup(name string) *ACL {
	for s := a; s != nil; s = s.Parent {
		if x := s.by[name]; x != nil {
			return x
		}
	}
	return nil
}

// Cond is a compiled condition. A nil *Cond always passes.
type Cond struct {
	unless bool
	any    [][]term
	Text   string
}

type term struct {
	neg  bool
	acl  *ACL  // named; kept as pointer so that later "acl" lines of the same name count
	test *Test // anonymous
}

// CompileCond compiles a condition against the ACLs attached to e.
func CompileCond(e *keyword.Env, c *expr.Cond) (*Cond, error) {
	if c == nil {
		return nil, nil
	}
	acls := keyword.Attached[*ACLs](e)
	out := &Cond{unless: c.Unless, Text: c.Text}
	for _, and := range c.Any {
		var terms []term
		for _, x := range and {
			if x.Name == "" {
				test, err := CompileTest(e, x.Test, x.Index+1)
				if err != nil {
					return nil, err
				}
				terms = append(terms, term{neg: x.Neg, test: test})
				continue
			}
			acl := acls.Lookup(x.Name)
			if acl == nil {
				acl = predefined(e, x.Name)
			}
			if acl == nil {
				return nil, &keyword.Error{Index: x.Index, Code: diag.UnknownRef, Text: fmt.Sprintf("no such ACL : '%s'", x.Name)}
			}
			terms = append(terms, term{neg: x.Neg, acl: acl})
		}
		out.any = append(out.any, terms)
	}
	return out, nil
}

// Eval evaluates the condition for a transaction.
func (c *Cond) Eval(t *tx.Tx) Result {
	if c == nil {
		return Pass
	}
	best := Fail
	for _, and := range c.any {
		r := Pass
		for i := range and {
			if x := and[i].eval(t); x < r {
				if r = x; r == Fail {
					break
				}
			}
		}
		if r > best {
			if best = r; r == Pass {
				break
			}
		}
	}
	if c.unless {
		return Pass - best
	}
	return best
}

func (x *term) eval(t *tx.Tx) Result {
	var r Result
	if x.acl != nil {
		r = x.acl.Eval(t)
	} else {
		r = x.test.Eval(t)
	}
	if x.neg {
		return Pass - r
	}
	return r
}
