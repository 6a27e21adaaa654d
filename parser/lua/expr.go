package lua

import (
	"math"
	"strconv"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// Helpers are the global functions that operators without an instruction in a
// 5.1 machine become calls of; their names cannot be written in a program.
const (
	IDiv = "(operator //)"
	BAnd = "(operator &)"
	BOr  = "(operator |)"
	BXor = "(operator ~)"
	Shl  = "(operator <<)"
	Shr  = "(operator >>)"
	BNot = "(operator unary ~)"
)

// priorities of binary operators, left and right: a lower right one makes an
// operator right associative (manual 3.4.8).
var priorities = map[kind][2]int{
	"or": {1, 1}, "and": {2, 2},
	"<": {3, 3}, ">": {3, 3}, "<=": {3, 3}, ">=": {3, 3}, "~=": {3, 3}, "==": {3, 3},
	"|": {4, 4}, "~": {5, 5}, "&": {6, 6}, "<<": {7, 7}, ">>": {7, 7},
	"..": {9, 8}, "+": {10, 10}, "-": {10, 10},
	"*": {11, 11}, "/": {11, 11}, "//": {11, 11}, "%": {11, 11}, "^": {14, 13},
}

const unaryPriority = 12

func (p *parser) exprs() []ast.Expr {
	list := []ast.Expr{p.expr()}
	for p.accept(",") {
		list = append(list, p.expr())
	}
	return list
}

func (p *parser) expr() ast.Expr { return p.above(0) }

// above reads an expression whose binary operators bind tighter than limit.
func (p *parser) above(limit int) ast.Expr {
	p.enter()
	defer p.leave()
	left := p.unary()
	for {
		op := p.tok.kind
		pr, ok := priorities[op]
		if !ok || pr[0] <= limit {
			return left
		}
		line := p.advance().line
		left = binary(op, left, p.above(pr[1]), line)
	}
}

func (p *parser) unary() ast.Expr {
	line := p.tok.line
	var e ast.Expr
	switch p.tok.kind {
	case "not":
		p.advance()
		e = &ast.UnaryNotOpExpr{Expr: p.above(unaryPriority)}
	case "-":
		p.advance()
		e = &ast.UnaryMinusOpExpr{Expr: p.above(unaryPriority)}
	case "#":
		p.advance()
		e = &ast.UnaryLenOpExpr{Expr: p.above(unaryPriority)}
	case "~":
		p.advance()
		return helper(BNot, line, p.above(unaryPriority))
	default:
		return p.simple()
	}
	e.SetLine(line)
	return e
}

func binary(op kind, a, b ast.Expr, line int) ast.Expr {
	var e ast.Expr
	switch op {
	case "or", "and":
		e = &ast.LogicalOpExpr{Operator: string(op), Lhs: a, Rhs: b}
	case "<", ">", "<=", ">=", "~=", "==":
		e = &ast.RelationalOpExpr{Operator: string(op), Lhs: a, Rhs: b}
	case "..":
		e = &ast.StringConcatOpExpr{Lhs: a, Rhs: b}
	case "+", "-", "*", "/", "%", "^":
		e = &ast.ArithmeticOpExpr{Operator: string(op), Lhs: a, Rhs: b}
	default:
		return helper(map[kind]string{"//": IDiv, "&": BAnd, "|": BOr, "~": BXor, "<<": Shl, ">>": Shr}[op], line, a, b)
	}
	e.SetLine(line)
	return e
}

// helper is a call whose one value is the operator's.
func helper(name string, line int, args ...ast.Expr) ast.Expr {
	e := &ast.FuncCallExpr{Func: ident(name, line), Args: args, AdjustRet: true}
	e.SetLine(line)
	e.SetLastLine(line)
	return e
}

func (p *parser) simple() ast.Expr {
	line := p.tok.line
	var e ast.Expr
	switch p.tok.kind {
	case tNumber:
		e = p.numeral()
	case tString:
		e = &ast.StringExpr{Value: p.tok.text}
	case "nil":
		e = &ast.NilExpr{}
	case "true":
		e = &ast.TrueExpr{}
	case "false":
		e = &ast.FalseExpr{}
	case "...":
		if !p.funcs[len(p.funcs)-1].varargs {
			p.failAt("cannot use '...' outside a vararg function")
		}
		e = &ast.Comma3Expr{}
	case "{":
		return p.table()
	case "function":
		p.advance()
		return p.body(line)
	default:
		e, _ := p.suffixed()
		return e
	}
	p.advance()
	e.SetLine(line)
	return e
}

// numeral reads a number. A machine whose only numbers are floats cannot hold
// integers of more than 53 bits: they are refused rather than rounded.
func (p *parser) numeral() ast.Expr {
	text := p.tok.text
	low := strings.ToLower(text)
	if strings.HasPrefix(low, "0x") {
		if !strings.ContainsAny(low[2:], ".p") {
			digits := strings.TrimLeft(low[2:], "0")
			n, err := strconv.ParseUint("0"+digits, 16, 64)
			if strings.Trim(low[2:], "0123456789abcdef") != "" || low == "0x" {
				p.failAt("malformed number")
			}
			if err != nil || float64(int64(n)) >= 1<<63 || int64(float64(int64(n))) != int64(n) {
				p.tooLong(text)
			}
			return &ast.NumberExpr{Value: strconv.FormatInt(int64(n), 10)}
		}
		if !strings.Contains(low, "p") {
			low += "p0"
		}
		f, err := strconv.ParseFloat(low, 64)
		if err != nil {
			p.failAt("malformed number")
		}
		return &ast.NumberExpr{Value: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	if n, err := strconv.ParseInt(low, 10, 64); err == nil {
		if f := float64(n); f >= 1<<63 || int64(f) != n {
			p.tooLong(text)
		}
		return &ast.NumberExpr{Value: strconv.FormatInt(n, 10)}
	}
	f, err := strconv.ParseFloat(low, 64)
	if err != nil && !math.IsInf(f, 0) || strings.ContainsAny(low, "_xinp") {
		p.failAt("malformed number")
	}
	return &ast.NumberExpr{Value: strconv.FormatFloat(f, 'e', -1, 64)}
}

func (p *parser) tooLong(text string) {
	p.fail(p.tok.line, "", "integer '%s' has more than 53 bits, which numbers do not hold here", text)
}

// suffixed reads a variable, call or expression in parentheses; paren says
// that it is the last of these, and nothing behind it.
func (p *parser) suffixed() (e ast.Expr, paren bool) {
	line := p.tok.line
	switch p.tok.kind {
	case tName:
		e = ident(p.advance().text, line)
	case "(":
		p.advance()
		e = p.expr()
		p.close(")", "(", line)
		paren = true
		switch x := e.(type) {
		case *ast.FuncCallExpr:
			x.AdjustRet = true
		case *ast.Comma3Expr:
			x.AdjustRet = true
		}
	default:
		p.failAt("unexpected symbol")
	}
	for {
		switch p.tok.kind {
		case ".":
			p.advance()
			key := p.expect(tName)
			e = field(e, key.text, key.line)
		case "[":
			p.advance()
			g := &ast.AttrGetExpr{Object: e, Key: p.expr()}
			g.SetLine(line)
			p.expect("]")
			e = g
		case ":":
			p.advance()
			name := p.expect(tName)
			c := &ast.FuncCallExpr{Receiver: e, Method: name.text}
			c.Args = p.args()
			c.SetLine(name.line)
			c.SetLastLine(p.last)
			e = c
		case "(", tString, "{":
			at := p.tok.line
			c := &ast.FuncCallExpr{Func: e}
			c.Args = p.args()
			c.SetLine(at)
			c.SetLastLine(p.last)
			e = c
		default:
			return e, paren
		}
		paren = false
	}
}

func (p *parser) args() []ast.Expr {
	switch line := p.tok.line; p.tok.kind {
	case tString:
		s := &ast.StringExpr{Value: p.advance().text}
		s.SetLine(line)
		return []ast.Expr{s}
	case "{":
		return []ast.Expr{p.table()}
	case "(":
		p.advance()
		list := []ast.Expr{}
		if p.tok.kind != ")" {
			list = p.exprs()
		}
		p.close(")", "(", line)
		return list
	}
	p.failAt("function arguments expected")
	return nil
}

func (p *parser) table() ast.Expr {
	line := p.expect("{").line
	t := &ast.TableExpr{Fields: []*ast.Field{}}
	for p.tok.kind != "}" {
		f := &ast.Field{}
		switch {
		case p.tok.kind == "[":
			p.advance()
			f.Key = p.expr()
			p.expect("]")
			p.expect("=")
			f.Value = p.expr()
		case p.tok.kind == tName && p.peek() == "=":
			name := p.advance()
			key := &ast.StringExpr{Value: name.text}
			key.SetLine(name.line)
			f.Key = key
			p.advance()
			f.Value = p.expr()
		default:
			f.Value = p.expr()
		}
		t.Fields = append(t.Fields, f)
		if !p.accept(",") && !p.accept(";") {
			break
		}
	}
	t.SetLine(line)
	t.SetLastLine(p.close("}", "{", line).line)
	return t
}

// Number reads a text that is a number as Lua's tonumber does.
func Number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	neg := false
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s, neg = rest, true
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	low := strings.ToLower(s)
	if s == "" || strings.ContainsAny(low, "_in") || !isDigit(low[0]) && low[0] != '.' {
		return 0, false
	}
	var f float64
	if hex, ok := strings.CutPrefix(low, "0x"); ok && !strings.ContainsAny(hex, ".p") {
		n, err := strconv.ParseUint(hex, 16, 64)
		if err != nil {
			return 0, false
		}
		f = float64(int64(n))
	} else {
		if ok && !strings.Contains(low, "p") {
			low += "p0"
		}
		var err error
		if f, err = strconv.ParseFloat(low, 64); err != nil && !math.IsInf(f, 0) {
			return 0, false
		}
	}
	if neg {
		f = -f
	}
	return f, true
}
