// Package pattern decides whether a sample matches: match methods, pattern
// files and maps with the index that fits each method, named ACLs and
// conditions.
package pattern

import (
	"fmt"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
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

	index int // of its word in the line
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
				terms = append(terms, term{neg: x.Neg, test: test, index: x.Index})
				continue
			}
			acl := acls.find(e, x.Name)
			if acl == nil {
				return nil, &keyword.Error{Index: x.Index, Code: diag.UnknownRef, Text: fmt.Sprintf("no such ACL : '%s'", x.Name), Hint: acls.near(x.Name)}
			}
			terms = append(terms, term{neg: x.Neg, acl: acl, index: x.Index})
		}
		out.any = append(out.any, terms)
	}
	out.warnNever(e)
	return out, nil
}

// tests returns what a term tries.
func (x *term) tests() []*Test {
	if x.acl != nil {
		return x.acl.Tests
	}
	return []*Test{x.test}
}

// Need returns the layers whose data the condition looks at.
func (c *Cond) Need() (l sample.Layer) {
	if c == nil {
		return 0
	}
	for _, and := range c.any {
		for i := range and {
			for _, t := range and[i].tests() {
				l |= t.Need()
			}
		}
	}
	return l
}

// find returns an ACL by name, the predefined ones included.
func (a *ACLs) find(e *keyword.Env, name string) *ACL {
	if x := a.Lookup(name); x != nil {
		return x
	}
	return predefined(e, name)
}

// near returns the known name that is most like name, "" if none is.
func (a *ACLs) near(name string) string {
	var names []string
	for s := a; s != nil; s = s.Parent {
		for _, x := range s.order {
			names = append(names, x.Name)
		}
	}
	for n := range predefinedTexts {
		names = append(names, n)
	}
	sortStrings(names)
	return diag.Nearest(name, names)
}

// warnNever says of the first term that can never pass where the condition
// stands that it cannot.
func (c *Cond) warnNever(e *keyword.Env) {
	place := sample.PlaceOf(e)
	if place == 0 {
		return
	}
	for _, and := range c.any {
		for i := range and {
			x := &and[i]
			if !x.never(place) {
				continue
			}
			what, why := "anonymous acl", "uses keyword '"+x.tests()[0].Criterion()+"' which is"
			if x.acl != nil {
				what, why = "acl '"+x.acl.Name+"'", "only involves keywords that are"
			}
			if in := tcpRules[e.Scope]; in != "" {
				e.Warnf(diag.MissingLayer, x.index, "%s will never match in '%s' because it %s incompatible with '%s'", what, in, why, place)
			} else {
				e.Warnf(diag.MissingLayer, x.index, "'%s will never match because it %s incompatible with '%s'.", what, why, place)
			}
			return
		}
	}
}

// tcpRules are the rule sets that word this warning their own way.
var tcpRules = map[keyword.Scope]string{
	keyword.TCPConnection: "tcp-request connection", keyword.TCPSession: "tcp-request session",
	keyword.TCPContent: "tcp-request content", keyword.TCPResponse: "tcp-response content",
}

// never says whether none of the term's tests has data in a place.
func (x *term) never(place sample.Place) bool {
	for _, t := range x.tests() {
		if t.Need().Where()&place != 0 {
			return false
		}
	}
	return len(x.tests()) > 0
}

// Finder reaches the ACLs attached to an Env; proxy/config hands it to the
// fetches.
var Finder sample.ACLFinder = aclFinder{}

// aclFinder is how the fetch acl reaches the ACLs of its section.
type aclFinder struct{}

// FindACL returns what evaluates the ACL of that name; see sample.ACLFinder.
func (aclFinder) FindACL(e *keyword.Env, name string) func(t *tx.Tx) (pass, undecided bool) {
	acl := keyword.Attached[*ACLs](e).find(e, name)
	if acl == nil {
		return nil
	}
	return func(t *tx.Tx) (pass, undecided bool) {
		r := acl.Eval(t)
		return r == Pass, r == Maybe
	}
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
