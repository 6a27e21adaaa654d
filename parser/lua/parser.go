package lua

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// parser reads statements; what it cannot read it says by a panic with an
// *Error, which Parse returns.
type parser struct {
	lexer
	tok   token // the one to be read
	ahead *token
	last  int // line of the token read last
	depth int
	funcs []*scope
}

// scope is what a function's body needs: whether it has "...".
type scope struct{ varargs bool }

// maxDepth bounds nesting, as the original's C stack does (LUAI_MAXCCALLS).
const maxDepth = 190

// Parse reads a program. chunk is its name in messages: a path.
func Parse(src, chunk string) (block []ast.Stmt, err error) {
	if strings.HasPrefix(src, "#") { // "#!/usr/bin/lua"
		if i := strings.IndexByte(src, '\n'); i >= 0 {
			src = "--" + strings.Repeat(" ", max(i-2, 0)) + src[i:]
		} else {
			src = ""
		}
	}
	p := &parser{lexer: lexer{chunk: chunk, src: src, line: 1}}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			block, err = nil, e
		}
	}()
	p.funcs = []*scope{{varargs: true}}
	p.tok = p.lexer.next()
	block = p.block()
	if p.tok.kind != tEOF {
		p.failAt("%s expected", tEOF)
	}
	return block, nil
}

func (p *parser) failAt(format string, args ...any) { p.fail(p.tok.line, p.tok.raw, format, args...) }

func (p *parser) advance() token {
	t := p.tok
	p.last = t.line
	if p.ahead != nil {
		p.tok, p.ahead = *p.ahead, nil
	} else {
		p.tok = p.lexer.next()
	}
	return t
}

func (p *parser) peek() kind {
	if p.ahead == nil {
		t := p.lexer.next()
		p.ahead = &t
	}
	return p.ahead.kind
}

func (p *parser) accept(k kind) bool {
	if p.tok.kind == k {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(k kind) token {
	if p.tok.kind != k {
		if k == tName {
			p.failAt("%s expected", k)
		}
		p.failAt("'%s' expected", k)
	}
	return p.advance()
}

// close expects the end of what began with open at line.
func (p *parser) close(k, open kind, line int) token {
	if p.tok.kind != k && p.tok.line != line {
		p.failAt("'%s' expected (to close '%s' at line %d)", k, open, line)
	}
	return p.expect(k)
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok.line, "", "chunk has too many syntax levels")
	}
}

func (p *parser) leave() { p.depth-- }

// ends says whether the token ends a block.
func (p *parser) ends() bool {
	switch p.tok.kind {
	case "else", "elseif", "end", "until", tEOF:
		return true
	}
	return false
}

func (p *parser) block() []ast.Stmt {
	p.enter()
	defer p.leave()
	list := []ast.Stmt{}
	for !p.ends() {
		if p.tok.kind == "return" {
			return append(list, p.returns())
		}
		if s := p.statement(); s != nil {
			list = append(list, s)
		}
	}
	return list
}

func (p *parser) returns() ast.Stmt {
	s := &ast.ReturnStmt{}
	s.SetLine(p.advance().line)
	if !p.ends() && p.tok.kind != ";" {
		s.Exprs = p.exprs()
	}
	p.accept(";")
	return s
}

func (p *parser) statement() ast.Stmt {
	line := p.tok.line
	switch p.tok.kind {
	case ";":
		p.advance()
		return nil
	case "if":
		return p.ifs()
	case "while":
		p.advance()
		s := &ast.WhileStmt{Condition: p.expr()}
		p.expect("do")
		s.Stmts = p.block()
		s.SetLine(line)
		s.SetLastLine(p.close("end", "while", line).line)
		return s
	case "do":
		p.advance()
		s := &ast.DoBlockStmt{Stmts: p.block()}
		s.SetLine(line)
		s.SetLastLine(p.close("end", "do", line).line)
		return s
	case "for":
		return p.fors()
	case "repeat":
		p.advance()
		s := &ast.RepeatStmt{Stmts: p.block()}
		p.close("until", "repeat", line)
		s.Condition = p.expr()
		s.SetLine(line)
		s.SetLastLine(p.last)
		return s
	case "function":
		return p.function()
	case "local":
		return p.local()
	case "::":
		p.advance()
		s := &ast.LabelStmt{Name: p.expect(tName).text}
		p.expect("::")
		s.SetLine(line)
		return s
	case "goto":
		p.advance()
		s := &ast.GotoStmt{Label: p.expect(tName).text}
		s.SetLine(line)
		return s
	case "break":
		p.advance()
		s := &ast.BreakStmt{}
		s.SetLine(line)
		return s
	}
	return p.assignment()
}

func (p *parser) ifs() ast.Stmt {
	line := p.tok.line
	var first, cur *ast.IfStmt
	for {
		at := p.advance().line
		s := &ast.IfStmt{Condition: p.expr()}
		p.expect("then")
		s.Then = p.block()
		s.SetLine(at)
		if first == nil {
			first = s
		} else {
			cur.Else = []ast.Stmt{s}
		}
		cur = s
		if p.tok.kind != "elseif" {
			break
		}
	}
	if p.accept("else") {
		cur.Else = p.block()
	}
	first.SetLastLine(p.close("end", "if", line).line)
	return first
}

func (p *parser) fors() ast.Stmt {
	line := p.advance().line
	name := p.expect(tName).text
	switch p.tok.kind {
	case "=":
		p.advance()
		s := &ast.NumberForStmt{Name: name, Init: p.expr()}
		p.expect(",")
		s.Limit = p.expr()
		if p.accept(",") {
			s.Step = p.expr()
		}
		p.expect("do")
		s.Stmts = p.block()
		s.SetLine(line)
		s.SetLastLine(p.close("end", "for", line).line)
		return s
	case ",", "in":
		s := &ast.GenericForStmt{Names: []string{name}}
		for p.accept(",") {
			s.Names = append(s.Names, p.expect(tName).text)
		}
		p.expect("in")
		s.Exprs = p.exprs()
		p.expect("do")
		s.Stmts = p.block()
		s.SetLine(line)
		s.SetLastLine(p.close("end", "for", line).line)
		return s
	}
	p.failAt("'=' or 'in' expected")
	return nil
}

// function reads "function a.b:c(…) … end".
func (p *parser) function() ast.Stmt {
	line := p.advance().line
	first := p.expect(tName)
	n := &ast.FuncName{Func: ident(first.text, first.line)}
	for p.tok.kind == "." {
		p.advance()
		key := p.expect(tName)
		n.Func = field(n.Func, key.text, key.line)
	}
	if p.accept(":") { // the compiler adds "self" where it sees a receiver
		n = &ast.FuncName{Receiver: n.Func, Method: p.expect(tName).text}
	}
	f := p.body(line)
	s := &ast.FuncDefStmt{Name: n, Func: f}
	s.SetLine(line)
	s.SetLastLine(f.LastLine())
	return s
}

// body reads the parameters and the block of a function.
func (p *parser) body(line int) *ast.FunctionExpr {
	f := &ast.FunctionExpr{ParList: &ast.ParList{Names: []string{}}}
	sc := &scope{}
	p.expect("(")
	for p.tok.kind != ")" {
		if p.accept("...") {
			f.ParList.HasVargs, sc.varargs = true, true
			break
		}
		if p.tok.kind != tName {
			p.failAt("<name> or '...' expected")
		}
		f.ParList.Names = append(f.ParList.Names, p.advance().text)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	p.funcs = append(p.funcs, sc)
	f.Stmts = p.block()
	p.funcs = p.funcs[:len(p.funcs)-1]
	f.SetLine(line)
	f.SetLastLine(p.close("end", "function", line).line)
	return f
}

func (p *parser) local() ast.Stmt {
	line := p.advance().line
	if p.accept("function") {
		name := p.expect(tName).text
		f := p.body(p.last)
		s := &ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{f}}
		s.SetLine(line)
		s.SetLastLine(f.LastLine())
		return s
	}
	s := &ast.LocalAssignStmt{Names: []string{p.expect(tName).text}, Exprs: []ast.Expr{}}
	for p.accept(",") {
		s.Names = append(s.Names, p.expect(tName).text)
	}
	if p.accept("=") {
		s.Exprs = p.exprs()
	}
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
			// The compiler takes one function for "local function", which sees
			// itself; a second value, which is dropped, makes it the other form.
			none := &ast.NilExpr{}
			none.SetLine(line)
			s.Exprs = append(s.Exprs, none)
		}
	}
	s.SetLine(line)
	s.SetLastLine(p.last)
	return s
}

// assignment reads a call or an assignment.
func (p *parser) assignment() ast.Stmt {
	line := p.tok.line
	e, paren := p.suffixed()
	if p.tok.kind != "=" && p.tok.kind != "," {
		if _, ok := e.(*ast.FuncCallExpr); !ok || paren {
			p.failAt("syntax error")
		}
		s := &ast.FuncCallStmt{Expr: e}
		s.SetLine(line)
		s.SetLastLine(p.last)
		return s
	}
	s := &ast.AssignStmt{Lhs: []ast.Expr{p.variable(e, paren)}}
	for p.accept(",") {
		s.Lhs = append(s.Lhs, p.variable(p.suffixed()))
	}
	p.expect("=")
	s.Rhs = p.exprs()
	s.SetLine(line)
	s.SetLastLine(p.last)
	return s
}

// variable says that e can be assigned to.
func (p *parser) variable(e ast.Expr, paren bool) ast.Expr {
	switch e.(type) {
	case *ast.IdentExpr, *ast.AttrGetExpr:
		if !paren {
			return e
		}
	}
	p.failAt("syntax error")
	return nil
}

func ident(name string, line int) ast.Expr {
	e := &ast.IdentExpr{Value: name}
	e.SetLine(line)
	return e
}

func field(of ast.Expr, name string, line int) ast.Expr {
	key := &ast.StringExpr{Value: name}
	key.SetLine(line)
	e := &ast.AttrGetExpr{Object: of, Key: key}
	e.SetLine(line)
	return e
}
