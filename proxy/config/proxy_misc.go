package config

import (
	"errors"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// proxyMisc are lines that fit no larger group.
var proxyMisc = []*keyword.Def[Setting[Proxy]]{
	compression, emailAlert, logSteps, loadState, stateFileName, useFCGIApp, sslFrontUse, frontCrt, filterLine, filterSequence,
	restrictNames, forwardedOption, httpErrorLine,
}

// parts is a line that is kept as the words it has until a room reads them.
func (p *Proxy) keep(key, value string) {
	if p.Text == nil {
		p.Text = map[string]string{}
	}
	p.Text[key] = value
}

var stepNames = []string{"accept", "request", "connect", "response", "close", "http-req", "http-res", "http-after-res", "tcp-req-conn", "tcp-req-sess", "tcp-req-cont", "tcp-res-cont"}

var logSteps = keyword.Define(keyword.Spec{
	Name: "log-steps", In: sideF, Flags: keyword.Open, Doc: "When a log line is sent.",
}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
	if a.value != "" && a.value != "all" {
		for _, s := range strings.Split(a.value, ",") {
			if indexOf(stepNames, s) < 0 {
				return nil, e.Errorf(a.index, "invalid log step name (%s). Expected values are: %s", s, strings.Join(stepNames, ", "))
			}
		}
	}
	return func(p *Proxy) error {
		p.LogSteps = nil
		if a.value == "all" {
			p.LogSteps = stepNames
		} else if a.value != "" {
			p.LogSteps = strings.Split(a.value, ",")
		}
		return nil
	}, nil
})

var loadState = keyword.Define(keyword.Spec{
	Name: "load-server-state-from-file", In: sideB, Flags: keyword.Open, Doc: "Where servers' states are loaded from.",
}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
	if indexOf([]string{"global", "local", "none"}, a.value) < 0 {
		return nil, e.Errorf(-1, "'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '%s'", a.value)
	}
	return func(p *Proxy) error { p.LoadState = a.value; return nil }, nil
})

var stateFileName = keyword.Define(keyword.Spec{
	Name: "server-state-file-name", In: sideB, Doc: "File of the servers' states.",
}, func(_ *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.keep("server-state-file-name", a.value); return nil }, nil
})

var useFCGIApp = keyword.Define(keyword.Spec{
	Name: "use-fcgi-app", In: keyword.Backend, Flags: keyword.Open, Doc: "Speak FastCGI to the servers.",
	Misuse: "'use-fcgi-app' expects <name> as argument",
}, func(e *keyword.Env, a *nameArgs) (Setting[Proxy], error) {
	owner := e.Owner
	ref := e.NewRef(keyword.ToFCGIApp, a.Name.Text, a.Name.Index)
	ref.Missing = "proxy '" + e.Owner + "' : fcgi-app '" + a.Name.Text + "' not found."
	ref.Check = func(target any) string {
		if b, ok := target.(*Block); ok && len(b.app().bad) > 0 {
			return "proxy '" + owner + "' : " + b.app().bad[0]
		}
		return ""
	}
	return func(p *Proxy) error { p.FCGIApp = ref; return nil }, nil
})

var sslFrontUse = keyword.Define(keyword.Spec{
	Name: "ssl-f-use", In: keyword.Frontend, Doc: "A certificate for all TLS listeners of the frontend that name none.",
}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) {
	var words []string
	for _, w := range a.Words {
		words = append(words, w.Text)
	}
	src, own, err := certs.ParseUse(words)
	c := keyword.Attached[*compiler](e)
	var value certs.OptionError
	at := e.LineSpan().String()
	switch {
	case errors.As(err, &value) && value.Spaced():
		return nil, e.Errorf(-1, "parsing [%s] : %s.\n", at, err)
	case err != nil:
		return nil, e.Errorf(-1, "%s", err)
	case e.Offline:
		return func(p *Proxy) error { p.SSLUse = append(p.SSLUse, words); return nil }, nil
	}
	// Whether the certificate is any good shows where it is bound.
	files := c.tlsFiles()
	src.Crt, src.Key = under(files.CRTBase, src.Crt), under(files.KeyBase, src.Key)
	name, line, _ := strings.Cut(at, ":")
	n, _ := strconv.Atoi(line)
	if text := c.cfg.Certs.Conflict(src, name, n); text != "" {
		return nil, &keyword.Error{Index: -1, Code: diag.BadValue, Text: text}
	}
	if err = files.CheckUse(src); err == nil {
		err = files.CheckAuthorities(own)
	}
	if err != nil {
		return nil, &keyword.Error{Index: -1, Code: diag.Unreadable, Text: c.certError(e, "", err)}
	}
	for _, w := range own.Unspoken() {
		e.Warnf(diag.NotActedOn, -1, "'%s' of certificate '%s' is not acted on yet.", w, src.Crt).Ours = true
	}
	return func(p *Proxy) error { p.SSLUse = append(p.SSLUse, words); return nil }, nil
})

var frontCrt = keyword.Define(keyword.Spec{
	Name: "crt", In: keyword.Frontend, Flags: keyword.NotActed | keyword.Open | keyword.NotDumped, Until: keyword.V(3, 3), Instead: "ssl-f-use crt <file>", Doc: "A certificate for all TLS listeners of the frontend.",
}, func(e *keyword.Env, a *restArgs) (Setting[Proxy], error) { return nil, nil })

var restrictNames = keyword.Define(keyword.Spec{
	Name: "option http-restrict-req-hdr-names", In: keyword.AnyProxy, Flags: keyword.Open, Doc: "What happens to request headers with unusual names.",
}, func(e *keyword.Env, a *knobArgs) (Setting[Proxy], error) {
	const wants = "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option."
	switch a.value {
	case "preserve", "reject", "delete":
		if next := a.index + 1; next < len(e.Words) {
			return nil, e.Errorf(next, "'option' cannot handle unexpected argument '%s'.", e.Words[next].Text)
		}
		return func(p *Proxy) error { p.keep("http-restrict-req-hdr-names", a.value); return nil }, nil
	case "":
		return nil, e.Errorf(-1, "missing parameter. %s", wants)
	}
	return nil, e.Errorf(a.index, "invalid parameter '%s'. %s", a.value, wants)
})

// httpErrorLine is "http-error status <n> [answer]".
var httpErrorLine = keyword.Define(keyword.Spec{
	Name: "http-error", In: keyword.AnyProxy, Doc: "Answer a status with an answer of one's own.",
}, func(_ *keyword.Env, a *httpErrorArgs) (Setting[Proxy], error) {
	return func(p *Proxy) error { p.ErrorFiles[a.file.Status] = a.file; return nil }, nil
})

// badPlace makes an error whose text begins with the line's name.
func badPlace(i int, text string) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: text}
}
