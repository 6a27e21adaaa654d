package cli

import (
	"strings"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// varCommands read and write the variables of the process.
var varCommands = []*keyword.Def[Command]{
	command("get var", " <name>", Operator, "show a variable of the process.", getVar),
	define(keyword.Spec{Name: "set var", Flags: keyword.Experimental, Doc: "set a variable of the process from an expression or a format."},
		Command{Usage: "set var <name> [fmt|expr] {<fmt>|<expr>}", Level: User, Run: setVar}),
}

// typeWords are the types of samples as "get var" prints them.
var typeWords = map[tx.Type]string{
	tx.TypeBool: "bool", tx.TypeInt: "sint", tx.TypeIPv4: "ipv4", tx.TypeIPv6: "ipv6", tx.TypeStr: "str", tx.TypeBin: "bin", tx.TypeMethod: "meth",
}

func getVar(c *Call) {
	name, ok := strings.CutPrefix(c.arg(0), "proc.")
	if c.arg(0) == "" {
		c.fail("Missing process-wide variable identifier.")
		return
	}
	var v tx.Value
	if proc := c.Config().Proc; ok && proc != nil {
		v, ok = proc.Get(name)
	} else {
		ok = false
	}
	if !ok {
		c.fail("Variable not found.")
		return
	}
	c.printf("%s: type=%s value=<", c.arg(0), typeWords[v.Type])
	switch v.Type {
	case tx.TypeBool, tx.TypeInt:
		c.printf("%d", v.Int)
	case tx.TypeIPv4, tx.TypeIPv6, tx.TypeAddr:
		c.printf("%s", v.IP)
	case tx.TypeBin:
		c.printf("%X", v.B)
	default:
		c.write(v.B)
	}
	c.printf(">\n")
}

func setVar(c *Call) {
	if !c.allowed(Operator) {
		return
	}
	name, text, format := c.arg(0), c.rest(1), false
	switch c.arg(1) {
	case "fmt":
		text, format = c.rest(2), true
	case "expr":
		text = c.rest(2)
	}
	switch {
	case name == "" || text == "":
		c.fail("Expects a variable name and an expression.")
	case !strings.HasPrefix(name, "proc."):
		c.fail("Only process-wide variables are supported.")
	default:
		if err := c.evaluate(strings.TrimPrefix(name, "proc."), text, format); err != nil {
			c.fail("%s", strings.TrimSuffix(err.Error(), "\n"))
		}
	}
}

// evaluate sets a variable of the process to what an expression or a format
// gives without any traffic.
func (c *Call) evaluate(name, text string, format bool) error {
	now := c.now()
	t := &tx.Tx{Sess: &tx.Session{Proc: c.Config().Proc, Accepted: now}, Now: now}
	e := &keyword.Env{Diags: &diag.List{}, Section: "cli"}
	c.patterns().AttachTo(e)
	var v tx.Value
	if format {
		f, err := expr.ParseFmt(text)
		if err != nil {
			return err
		}
		x, err := logformat.Compile(e, f)
		if err != nil {
			return err
		}
		v.SetStr(x.Append(nil, t))
	} else {
		s, err := expr.ParseSample(text)
		if err != nil {
			return err
		}
		x, err := sample.CompileAnywhere(e, s)
		if err != nil {
			return err
		}
		if !x.Eval(t, tx.TypeAny, &v) {
			c.Config().Proc.Unset(name)
			return nil
		}
	}
	c.Config().Proc.Set(name, v)
	return nil
}
