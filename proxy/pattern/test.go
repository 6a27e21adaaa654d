package pattern

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Test is one criterion with its match method, flags and patterns.
type Test struct {
	expr   *sample.Expr
	name   string // of the criterion, as written
	method Method
	wants  sample.Type
	sets   []*Set
}

// Need returns the layers whose data the criterion looks at.
func (x *Test) Need() sample.Layer { return x.expr.Need }

// Criterion returns the name of the fetch or ACL keyword.
func (x *Test) Criterion() string { return x.name }

// Lists returns the pattern lists of the test.
func (x *Test) Lists() []*List {
	out := make([]*List, len(x.sets))
	for i, s := range x.sets {
		out[i] = s.list
	}
	return out
}

// Eval runs the criterion on all occurrences of its sample. What may change
// counts as it is where no more data can come, so that its negation holds.
func (x *Test) Eval(t *tx.Tx) Result {
	v := t.Borrow()
	r := x.eval(t, v)
	t.Return()
	return r
}

func (x *Test) eval(t *tx.Tx, v *sample.Value) Result {
	v.Cursor = sample.First
	for {
		v.MayChange = false
		if !x.expr.Eval(t, x.wants, v) {
			if v.MayChange && t.MayWait {
				return Maybe
			}
			return Fail
		}
		if x.matches(t, v) {
			return Pass
		}
		if !v.More {
			if v.MayChange && t.MayWait {
				return Maybe
			}
			return Fail
		}
	}
}

func (x *Test) matches(t *tx.Tx, v *sample.Value) bool {
	switch x.method {
	case Found:
		return true
	case Bool:
		return v.Int != 0
	case Group:
		return x.inGroup(v)
	}
	for _, s := range x.sets {
		if s.Find(t, v) != nil {
			return true
		}
	}
	return false
}

// CompileTest compiles the words of an "acl" line after its name, or those
// between braces: criterion, flags, patterns. index is the first word's place.
func CompileTest(e *keyword.Env, words []string, index int) (*Test, error) {
	return CompileNamedTest(e, "", words, index)
}

// CompileNamedTest is CompileTest for the ACL of a name.
func CompileNamedTest(e *keyword.Env, name string, words []string, index int) (*Test, error) {
	c := &testCompiler{env: e, acl: name, words: words, index: index, unique: -1}
	if err := c.criterion(); err != nil {
		return nil, err
	}
	if err := c.flags(); err != nil {
		return nil, err
	}
	if !c.explicit && !c.test.expr.Plain() {
		c.overwritten()
	}
	if err := c.patterns(); err != nil {
		return nil, err
	}
	if c.own == Group {
		c.checkGroups()
	}
	c.warn()
	c.test.wants = c.test.method.wants()
	return &c.test, nil
}

// testCompiler walks the words of a test.
type testCompiler struct {
	env   *keyword.Env
	words []string
	index int // of words[0] in its line
	pos   int
	acl   string // name of the ACL; "" for an anonymous one

	test      Test
	own       Method // what the criterion brings, as path_beg does; NoMethod: none
	name      string
	fold      bool
	noResolve bool
	asMap     bool
	unique    int
	explicit  bool // -m was given
	ended     bool // -- was given
	files     bool // a -f was given
}

func (c *testCompiler) errorf(at int, code diag.Code, format string, args ...any) error {
	return &keyword.Error{Index: c.index + at, Code: code, Text: fmt.Sprintf(format, args...)}
}

// criterion reads the fetch and what method it implies.
func (c *testCompiler) criterion() error {
	if len(c.words) > 0 {
		c.name = c.words[0]
	}
	s, err := expr.ParseSample(c.name)
	if err != nil {
		return c.errorf(0, diag.UnknownKeyword, "%s in ACL expression '%s'", err, c.name)
	}
	c.test.name = s.Fetch.Name
	word := s.Fetch.Name
	own := resolveAlias(&s)
	c.own = own
	s.Index = c.index
	x, err := sample.CompileCriterion(c.env, s, word, own != NoMethod)
	if err != nil {
		return err
	}
	c.test.expr = x
	if own != NoMethod {
		if c.test.expr.Plain() {
			c.test.method = own
		}
	}
	if c.test.method == NoMethod {
		c.test.method = defaultMethod(c.test.expr.Out)
	}
	c.pos = 1
	return nil
}

// overwritten says that what the criterion brings is not what is used. The
// plain comparison of hdr and the like goes without saying.
func (c *testCompiler) overwritten() {
	switch c.own {
	case NoMethod, Str, Bin, Int, Dotted:
		return
	}
	word, _, _ := strings.Cut(c.name, "(")
	word, _, _ = strings.Cut(word, ",")
	c.env.Warnf(diag.NoEffect, c.index, "original matching method '%s' was overwritten and will not be applied as expected.", word)
}

// flags reads the words that begin with a dash.
func (c *testCompiler) flags() error {
	for ; c.pos < len(c.words) && strings.HasPrefix(c.words[c.pos], "-"); c.pos++ {
		w := c.words[c.pos]
		if w == "--" {
			c.ended = true
			c.pos++
			break
		}
		arg := ""
		if c.pos+1 < len(c.words) {
			arg = c.words[c.pos+1]
		}
		switch w {
		case "-i":
			c.fold = true
		case "-n":
			c.noResolve = true
		case "-M":
			c.asMap = true
		case "-u":
			id, err := strconv.Atoi(arg)
			if arg != "" && (err != nil || id < 0) {
				return c.errorf(c.pos+1, diag.BadValue, "the argument of -u must be an integer")
			}
			c.unique = id
			c.pos++
		case "-f":
			if err := c.file(arg); err != nil {
				return err
			}
			c.pos++
		case "-m":
			if err := c.setMethod(arg); err != nil {
				return err
			}
			c.pos++
		default:
			return c.errorf(c.pos, diag.BadArguments, "'%s' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'", w)
		}
	}
	return nil
}

// setMethod is "-m".
func (c *testCompiler) setMethod(word string) error {
	switch {
	case c.files:
		return c.errorf(c.pos, diag.BadArguments, "'-m' must only be specified before patterns and files in parsing ACL expression")
	case c.explicit:
		return c.errorf(c.pos, diag.BadArguments, "only one explicit matching method can be defined with '-m' parameter. if migrating from an old version, just keep the last one")
	}
	m := methodOf(word)
	if m == NoMethod {
		return c.errorf(c.pos+1, diag.BadValue, "unknown matching method '%s' when parsing ACL expression", word)
	}
	if out := c.test.expr.Out; m.wants() != tx.TypeAny && !sample.Castable(out, m.wants()) {
		return c.errorf(c.pos+1, diag.BadType, "matching method '%s' cannot be used with fetch keyword '%s'", word, c.test.expr.Name)
	}
	if c.own.String() != word || c.own == Meth || c.own == Group {
		c.overwritten()
	}
	if !(c.test.method == Dotted && m == Int) {
		c.test.method = m
	}
	c.explicit = true
	return nil
}

func (c *testCompiler) kind() kind {
	return kind{c.test.method, c.fold, !c.noResolve && !c.env.Offline}
}

// needMethod refuses samples whose type implies no method.
func (c *testCompiler) needMethod() error {
	if c.test.method == NoMethod {
		return c.errorf(0, diag.BadType, "matching method must be specified first (using '-m') when using a sample fetch of this type ('%s')", c.test.expr.Name)
	}
	return nil
}

// file is "-f".
func (c *testCompiler) file(name string) error {
	if err := c.needMethod(); err != nil {
		return err
	}
	c.files = true
	if name == "" {
		return c.errorf(c.pos, diag.Unreadable, "failed to open pattern file <>")
	}
	l, err := registryOf(c.env).file(c.env, name, c.asMap)
	if err != nil {
		return c.errorf(c.pos+1, diag.Unreadable, "%s", err)
	}
	l.IsACL = true
	if l.Where == "" {
		l.Where = "pattern loaded from file '" + name + "' used by acl at " + placeOf(c.env)
	}
	s, err := l.set(c.kind())
	if err != nil {
		return c.errorf(c.pos+1, diag.BadValue, "%s", fileError(err, l, name))
	}
	c.test.sets = append(c.test.sets, s)
	return nil
}

// patterns reads what is left.
func (c *testCompiler) patterns() error {
	if err := c.needMethod(); err != nil {
		return err
	}
	if c.pos >= len(c.words) && (c.files || !c.test.method.needsPatterns()) {
		return nil
	}
	l := registryOf(c.env).newList("", c.unique)
	l.IsACL = true
	l.Where = "acl '" + c.name + "' " + placeOf(c.env)
	places := map[*Entry]int{}
	numbers := c.test.method == Int || c.test.method == Dotted || c.test.method == Len
	op, strayAt := "", 0
	for ; c.pos < len(c.words); c.pos++ {
		w := c.words[c.pos]
		if numbers {
			if w == "--" && op != "" && !c.ended {
				c.ended = true
				continue
			}
			if _, ok := operatorOf(w); ok {
				op = w + " "
				continue
			}
			if !looksNumeric(w) && op != "" {
				return c.errorf(c.pos, diag.BadValue, "'%s' is neither a number nor a supported operator", w)
			}
		}
		if w == "(" && !c.ended {
			strayAt = c.pos
		}
		places[l.appendEntry(op+w, "")] = c.pos
	}
	s, err := l.set(c.kind())
	if err != nil {
		at := 0
		if x, ok := err.(*entryError); ok {
			at = places[x.entry]
		}
		return c.errorf(at, diag.BadValue, "%s", err)
	}
	c.test.sets = append(c.test.sets, s)
	if strayAt > 0 {
		c.strayParen(strayAt)
	}
	return nil
}

// strayParen warns of a parenthesis that stands alone.
func (c *testCompiler) strayParen(at int) {
	d := c.env.Warnf(diag.NoEffect, c.index+at, "parsing acl '%s' :\n"+
		"  matching '%s' for pattern '(' is likely a mistake and probably\n"+
		"  not what you want. Maybe you need to remove the extraneous space before '('.\n"+
		"  If you are really sure this is not an error, please insert '--' between the\n"+
		"  match and the pattern to make this warning message disappear.\n", c.acl, c.name)
	d.Layout = diag.Bare
}

// looksNumeric says whether a word begins as a number or range does.
func looksNumeric(w string) bool {
	return w != "" && (w[0] >= '0' && w[0] <= '9' || w[0] == '-' || w[0] == '+' || w[0] == ':')
}

// warn says where a test can never match.
func (c *testCompiler) warn() {
	if c.ended || !c.test.method.needsPatterns() || len(c.test.sets) != 1 || c.files || len(c.test.sets[0].list.entries) > 0 {
		return
	}
	if len(c.words) > 1 && (c.words[len(c.words)-1] != c.words[0]) && c.hasOperator() {
		return
	}
	d := c.env.Warnf(diag.NoEffect, c.index, "parsing acl keyword '%s' :\n"+
		"  no pattern to match against were provided, so this ACL will never match.\n"+
		"  If this is what you intended, please add '--' to get rid of this warning.\n"+
		"  If you intended to match only for existence, please use '-m found'.\n"+
		"  If you wanted to force an int to match as a bool, please use '-m bool'.\n", c.name)
	d.Layout = diag.Bare
}

// hasOperator says whether an operator stands where patterns do.
func (c *testCompiler) hasOperator() bool {
	for _, w := range c.words[1:] {
		if _, ok := operatorOf(w); ok {
			return true
		}
	}
	return false
}
