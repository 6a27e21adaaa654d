package config

import (
	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/sample"
	"tandem/proxy/stick"
)

// proxySticks are the lines about stick tables.
var proxySticks = []*keyword.Def[Setting[Proxy]]{
	keyword.Define(keyword.Spec{Name: "stick-table", In: keyword.Listen, Doc: "Declare the proxy's stick table."}, func(_ *keyword.Env, a *stickTableArgs) (Setting[Proxy], error) {
		return func(p *Proxy) error { p.StickTable = a.table; return nil }, nil
	}),
	keyword.Define(keyword.Spec{Name: "stick", In: keyword.Backend, Doc: "Remember which server served a key."}, func(_ *keyword.Env, a *stickArgs) (Setting[Proxy], error) {
		return func(p *Proxy) error { p.StickRules = append(p.StickRules, a.rule); return nil }, nil
	}),
}

type stickTableArgs struct{ table *stick.Table }

// Usage is what messages say of the line.
func (stickTableArgs) Usage() string { return "type <type> size <size> [<word>]*" }

// ParseArgs reads the words of the table.
func (a *stickTableArgs) ParseArgs(in *keyword.Args) (err error) {
	a.table, err = stick.ReadLine(in, in.Env.Owner)
	return err
}

type stickArgs struct{ rule *action.StickRule }

// Usage is what messages say of the line.
func (stickArgs) Usage() string {
	return "{on|match|store-request|store-response} <pattern> [table <table>] [{if|unless} <condition>]"
}

// ParseArgs reads the rule and its condition.
func (a *stickArgs) ParseArgs(in *keyword.Args) (err error) {
	if a.rule, err = action.ReadStick(in); err != nil {
		return err
	}
	a.rule.At = ruleAt(in.Env)
	place := sample.UseServerRule
	if a.rule.StoreResponse {
		place = sample.StickStoreRule
	}
	defer sample.Within(in.Env, place)()
	a.rule.Cond, err = condition(in, "stick")
	return err
}
