package config

import (
	"fmt"
	"slices"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/action"
)

// actionOrder is the order in which the original's messages list the actions.
// TCP rule sets name some actions before all others, see tcpActions, and have
// do-log behind the actions on variables.
var actionOrder = strings.Fields(`send-spoe-group wait-for-handshake set-retries set-log-level set-nice switch-mode use-service
	sc-add-gpc( sc-inc-gpc( sc-inc-gpc0( sc-inc-gpc1( sc-set-gpt( sc-set-gpt0( do-resolve( cache-use cache-store
	add-acl( add-header add-headers-bin allow auth capture del-acl( del-header del-headers-bin del-map( deny disable-l7-retry
	do-log early-hint normalize-uri pause redirect reject replace-header replace-path replace-pathq replace-uri replace-value return
	set-header set-headers-bin set-map( set-method set-path set-pathq set-query set-status set-uri strict-mode tarpit track-sc
	set-timeout wait-for-body set-var-fmt( set-var( unset-var( attach-srv do-log
	set-bc-mark set-bc-tos set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-src set-src-port set-tos silent-drop
	set-bandwidth-limit set-priority-class set-priority-offset`)

// tcpActions are the actions that messages about TCP rules list first, all of
// them whatever the rule set, and which the list does not name again.
const tcpActions = "'accept', 'reject', 'capture', 'expect-proxy', 'expect-netscaler-cip', 'track-sc0' ... 'track-sc%d', "

// listed returns the actions of the rule set as its messages list them.
func (s ruleScope) listed(e *keyword.Env) []string {
	first, last := slices.Index(actionOrder, "do-log"), slices.Index(actionOrder, "attach-srv")+1
	var names []string
	for i, name := range actionOrder {
		d := action.Actions.Lookup(name)
		if d == nil || d.In&s.in == 0 || i == first && !s.http() || i == last && s.http() {
			continue
		}
		switch name {
		case "capture", "reject", "track-sc":
			if !s.http() {
				continue
			}
		}
		if short, prefix := strings.CutSuffix(name, "("); prefix {
			name = short + "(*)"
		} else if name == "track-sc" {
			name += "(*)"
		}
		names = append(names, "'"+name+"'")
	}
	for _, name := range scriptActions(e, s.in) {
		names = append(names, "'"+name+"'")
	}
	return names
}

// scriptActions are the actions that scripts registered for a rule set.
func scriptActions(e *keyword.Env, in keyword.Scope) []string {
	if c := keyword.Attached[*compiler](e); c != nil {
		return c.cfg.Lua.Names(in)
	}
	return nil
}

// near returns the rule set's action that is most like w, or "".
func (s ruleScope) near(e *keyword.Env, w string) string {
	names := scriptActions(e, s.in)
	if !s.http() {
		names = append(names, strings.Fields("accept capture expect-netscaler-cip expect-proxy reject")...)
	}
	for _, d := range action.Actions.All() {
		if d.In&s.in != 0 {
			names = append(names, strings.TrimSuffix(d.Name, "("))
		}
	}
	return diag.Nearest(w, names)
}

// unknownAction refuses a word that is no action of the rule set.
func unknownAction(a *keyword.Args, scope ruleScope) error {
	w := a.Peek()
	if tcp := scope.in == keyword.TCPConnection || scope.in == keyword.TCPSession; tcp && w == "capture" {
		what := ""
		if a.Pos+1 < len(a.Words) {
			what = a.Words[a.Pos+1].Text
		}
		return a.Env.Errorf(a.Pos, "'capture %s' is not allowed in '%s' rules in %s '%s'", what, scope.name, kindWord(a.Env.Section), a.Env.Owner)
	}
	near := scope.near(a.Env, w)
	var b strings.Builder
	fmt.Fprintf(&b, "'%s' expects ", scope.name)
	list := strings.Join(scope.listed(a.Env), ", ")
	switch {
	case scope.http():
		fmt.Fprintf(&b, "%s, but got '%s'", list, w)
		if w == "" {
			b.WriteString(" (missing argument)")
		}
		b.WriteByte('.')
	case scope.in == keyword.TCPResponse:
		fmt.Fprintf(&b, "'accept', 'close', 'reject', %s in %s '%s' (got '%s').", list, kindWord(a.Env.Section), a.Env.Owner, w)
	default:
		fmt.Fprintf(&b, tcpActions+"%s in %s '%s' (got '%s').", action.MaxCounter(a.Env), list, kindWord(a.Env.Section), a.Env.Owner, w)
	}
	if near != "" {
		fmt.Fprintf(&b, " Did you mean '%s' maybe ?", near)
	}
	if scope.http() {
		d := a.Env.Diags.Alertf(diag.UnknownKeyword, a.Env.Span(a.Pos), "%s", b.String())
		d.Layout, d.Hint = diag.ParsingTight, near
		return errTold
	}
	return &keyword.Error{Index: a.Pos, Code: diag.UnknownKeyword, Text: b.String(), Hint: near}
}
