// Package action holds what rules do: one keyword.Def per action in a file by
// noun, one line in all.go, and the loop that runs a rule set.
package action

import (
	"tandem/proxy/pattern"
	"tandem/proxy/tx"
)

// Verdict is what an action wants to happen next.
type Verdict uint8

// Verdicts.
const (
	Continue Verdict = iota // go on with the next rule
	Stop                    // this rule set is over, the message passes ("allow", "accept")
	Answer                  // t.Reply holds what the client gets; the transaction ends here
	Close                   // close the connection without a word
	Wait                    // more data are needed: run this rule again when they came
	Fail                    // internal error: 500
)

// Action is a compiled action.
type Action struct {
	Run   func(t *tx.Tx) Verdict
	Final bool // nothing behind it in the same set can run when it has no condition
}

// Rule is one line of a rule set.
type Rule struct {
	Action
	Cond *pattern.Cond // nil: always
	Name string        // the action's keyword
	At   tx.Rule
}

// Rules is one rule set in order.
type Rules []Rule

// Run evaluates the rules from index from on. It returns the verdict and the
// index of the rule that gave it. final says that no more data will come, so
// that an undecided condition counts as failed.
func (rs Rules) Run(t *tx.Tx, from int, final bool) (Verdict, int) {
	t.MayWait = !final
	v, i := rs.run(t, from, final)
	t.MayWait = false
	return v, i
}

func (rs Rules) run(t *tx.Tx, from int, final bool) (Verdict, int) {
	if from == 0 {
		t.Settings.LaxRewrite = false // strict-mode lasts for one rule set
	}
	for i := from; i < len(rs); i++ {
		r := &rs[i]
		if r.Cond != nil {
			switch c := r.Cond.Eval(t); {
			case c == pattern.Maybe && !final:
				return Wait, i
			case c != pattern.Pass:
				continue
			}
		}
		switch v := r.Action.Run(t); v {
		case Continue:
		case Wait:
			if !final {
				return Wait, i
			}
		default:
			t.LastRule = r.At
			return v, i
		}
	}
	return Continue, len(rs)
}
