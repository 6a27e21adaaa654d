package config

import (
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/logs"
)

var profileSteps = []string{"accept", "request", "connect", "response", "close", "error", "any", "http-req", "http-res", "http-after-res", "tcp-req-conn", "tcp-req-sess", "tcp-req-cont", "tcp-res-cont"}

var logProfileWords = keyword.NewTable("log-profile keyword", []*keyword.Def[Setting[Block]]{
	keyword.Define(keyword.Spec{Name: "log-tag", In: keyword.LogProfile, Doc: "Tag of the lines."}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		if err := least(1, "'log-tag' expects a tag for use in syslog.")(e, a.Words); err != nil {
			return nil, err
		}
		tag := a.Words[0].Text
		return func(b *Block) error { b.Profile.Tag = tag; return nil }, nil
	}),
	keyword.Define(keyword.Spec{Name: "on", In: keyword.LogProfile, Doc: "What is logged at a step."}, func(e *keyword.Env, a *restArgs) (Setting[Block], error) {
		o, err := profileOn(e, a.Words)
		if err != nil {
			return nil, err
		}
		step := a.Words[0].Text
		return func(b *Block) error { b.Profile.On(step, o); return nil }, nil
	}),
})

// profileOn reads "<step> [drop] [format <fmt>] [sd <fmt>]".
func profileOn(e *keyword.Env, w []expr.Word) (*logs.Override, error) {
	if len(w) == 0 || indexOf(profileSteps, w[0].Text) < 0 {
		return nil, tightf(-1, "'on' expects a log step.\nexpected values are: 'accept', 'request', 'connect', 'response', 'close', 'error' or 'any'.\nOr one of the additional log steps: 'http-req', 'http-res', 'http-after-res', 'tcp-req-conn', 'tcp-req-sess', 'tcp-req-cont', 'tcp-res-cont'.")
	}
	bad := e.Errorf(-1, "'on %s' expects 'drop', 'format' or 'sd'.", w[0].Text)
	if len(w) < 2 {
		return nil, bad
	}
	o := &logs.Override{}
	for i := 1; i < len(w); i++ {
		switch k := w[i].Text; k {
		case "drop":
			o.Drop = true
		case "format", "sd":
			if i++; i >= len(w) {
				return nil, e.Errorf(-1, "'on %s %s' expects a logformat string.", w[0].Text, k)
			}
			f, err := compileFormat(e, w[i], "")
			if err != nil {
				return nil, e.Errorf(w[i].Index, "failed to parse logformat : %s", err)
			}
			if k == "sd" {
				o.SD = f
			} else {
				o.Format = f
			}
		default:
			return nil, bad
		}
	}
	return o, nil
}
