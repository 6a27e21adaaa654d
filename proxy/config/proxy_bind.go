package config

import (
	"errors"
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/listen"
)

// proxyBinds are the lines that declare listening addresses.
var proxyBinds = []*keyword.Def[Setting[Proxy]]{bindLine}

var bindLine = keyword.Define(keyword.Spec{
	Name: "bind", In: keyword.Frontend,
	Doc:    "Listen on addresses.",
	Misuse: "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.",
}, func(e *keyword.Env, a *bindArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error {
		p.Binds = append(p.Binds, a.bind)
		return nil
	}, nil
})

type bindArgs struct{ bind *listen.Bind }

// Usage is what messages say of the line.
func (bindArgs) Usage() string { return "{<path>|[addr]:port[-end]}[,...] [param*]" }

// ParseArgs reads addresses and words.
func (a *bindArgs) ParseArgs(in *keyword.Args) error {
	b, err := readBind(in, "bind")
	a.bind = b
	return err
}

// readBind reads what follows "bind": addresses, then words.
func readBind(in *keyword.Args, what string) (*listen.Bind, error) {
	addrs, i, ok := in.Next()
	if !ok {
		return nil, &keyword.Error{Index: -1, Code: diag.BadArguments, Text: "'" + what + "' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments."}
	}
	list := strings.Split(addrs, ",")
	if n := len(list) - 1; n > 0 && list[n] == "" { // a comma at the end adds no address
		list = list[:n]
	}
	b := listen.NewBind(list)
	b.Span = in.Env.LineSpan().String()
	if err := checkBindAddrs(in.Env, b, i); err != nil {
		if what == "stats socket" {
			return nil, prefixError(in.Env.Errorf(i, "%s\n", err), innerPlace(in.Env)+"'stats socket' : ")
		}
		return nil, prefixError(err, "'"+what+"' : ")
	}
	err := listen.Words.ReadWords(in, func(_ *keyword.Def[listen.Option], set listen.Option) error { return set(b) })
	if err != nil {
		if what == "stats socket" {
			return nil, socketError(err)
		}
		return nil, bindError(err, b, in.Env.Section)
	}
	return b, checkBindTLS(in.Env, b, in.Env.Section)
}

// bindError puts the line's name before what is wrong with one of its words.
func bindError(err error, b *listen.Bind, section string) error {
	sep := "' : "
	var at *keyword.Error
	if errors.As(err, &at) && at.Code == diag.UnknownKeyword {
		sep = "': "
	}
	err = prefixError(err, "'bind "+strings.Join(b.Addrs, ",")+"' in section '"+section+sep)
	if at, ok := err.(*keyword.Error); ok {
		at.Place = false
	}
	return err
}

// socketError is bindError for a stats socket.
func socketError(err error) error {
	var at *keyword.Error
	if !errors.As(err, &at) {
		return prefixError(err, "'stats socket' : ")
	}
	out := *at
	out.Place = false
	if out.Text = "'" + at.Text + "'"; at.Code == diag.UnknownKeyword {
		word, near, _ := strings.Cut(at.Text, "; did you mean ")
		if out.Text = word; near != "" {
			out.Text += ". Did you mean " + near
		}
	}
	out.Text = "'stats socket' : " + out.Text
	return &out
}

// sectionAddresses reads the addresses that a section line could carry before
// 1.6 ("listen www *:80"); they are a bind line.
func (c *compiler) sectionAddresses(s *haproxy.Section, p *Proxy) {
	if len(c.headerRest) == 0 {
		return
	}
	c.dropped(droppedSectionAddress)
	e := c.env
	e.Words = s.Line.Words
	first := len(s.Line.Words) - len(c.headerRest)
	instead := "bind " + joinWords(c.headerRest)
	_, taken := c.diags.Tolerate(diag.Diagnostic{
		Code: diag.RemovedWord, Span: e.Span(first), Hint: instead,
		Text: fmt.Sprintf("addresses on a '%s' line were dropped in HAProxy 1.6; they are accepted here. Please write '%s' below instead.", p.Kind, instead),
	}, diag.Diagnostic{Text: useBind})
	if !taken {
		return
	}
	b, err := readBind(&keyword.Args{Env: e, Words: s.Line.Words, Pos: first}, "bind")
	if err != nil {
		c.refuse(err)
		return
	}
	p.Binds = append(p.Binds, b)
}

// useBind refuses addresses on a section line.
const useBind = "please use the 'bind' keyword for listening addresses."

func joinWords(words []source.Word) string { return strings.Join(texts(words), " ") }
