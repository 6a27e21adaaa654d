package config

import (
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

func (s *Script) label() string { return s.Name }

// scriptInterval is the range of vrrp_script's interval and timeout: three decimals.
var scriptInterval = timeRange{lo: 0, hi: 4294000, decimals: 3}

// openScript begins a vrrp_script.
func openScript(c *compiler, t *Config, w []expr.Word) (*Script, func()) {
	if len(w) == 0 {
		c.missing(c.env.Words, 2)
		return nil, nil
	}
	s := &Script{Name: w[0].Text, Interval: time.Second, Rise: 1, Fall: 1, At: c.env.LineSpan()}
	return s, func() {
		if s.Command == nil {
			c.here()
			c.say("No script set for vrrp_script %s - removing", s.Name)
			return
		}
		if s.Timeout == 0 {
			s.Timeout = s.Interval
		}
		if s.userBad {
			return // said at the user line
		}
		if s.user != nil {
			s.Command.Account, s.Command.ownAccount = *s.user, true
		} else if c.here(); !c.own(s.Command) {
			c.say("Unable to set default user for vrrp script %s - removing", s.Name)
			return
		}
		for _, o := range t.Scripts {
			if o.Name == s.Name {
				return // the first one stays
			}
		}
		t.Scripts = append(t.Scripts, s)
	}
}

var scriptTable = keyword.NewTable("vrrp_script keyword", []def[Script]{
	words(kw("script", keyword.V(1, 1), "Command to run."), func(c *compiler, s *Script, _ []expr.Word) {
		w := c.scriptWords()
		if len(w) < 2 {
			return
		}
		if s.Command, _ = c.command(w[:2]); s.Command.Argv[0] == "" {
			s.Command = nil
		}
	}),
	scriptTimer("interval", "Seconds between two runs.", func(s *Script) *time.Duration { return &s.Interval }),
	scriptTimer("timeout", "Seconds that a run may take; the interval by default.", func(s *Script) *time.Duration { return &s.Timeout }),
	keyword.Define(kw("weight", keyword.V(1, 1), "What the result adds to priorities; 0 means fault.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[Script], error) {
		c := of(e)
		return func(s *Script) {
			n, ok := c.integer(a.Value, -253, 253)
			if !ok {
				c.sayAt(1, "vrrp_script %s weight %s must be in [-253, 253]", s.Name, a.Value.Text)
			}
			if len(a.More) > 0 {
				if a.More[0].Text != "reverse" {
					c.sayAt(2, "vrrp_script %s unknown weight option %s", s.Name, a.More[0].Text)
					return
				}
				s.Reverse = true
			}
			if ok {
				s.Weight = int(n)
			}
		}, nil
	}),
	scriptCount("rise", "Successes until it counts as up.", func(s *Script) *int { return &s.Rise }),
	scriptCount("fall", "Failures until it counts as down.", func(s *Script) *int { return &s.Fall }),
	keyword.Define(kw("user", keyword.V(1, 3), "User and group that it runs as.").spec(), func(e *keyword.Env, a *oneAndMore) (Field[Script], error) {
		c := of(e)
		return func(s *Script) {
			acc, ok := c.account(append([]expr.Word{a.Value}, a.More...))
			s.user, s.userBad = &acc, !ok
			if !ok && s.Command != nil {
				c.say("Unable to set uid/gid for script '%s'", s.Command.Text)
			}
		}, nil
	}),
	flag(kw("init_fail", keyword.V(1, 3), "Count as failed until it succeeded once."), func(s *Script) { s.InitFail = true }),
})

func scriptTimer(name, doc string, to func(*Script) *time.Duration) def[Script] {
	return keyword.Define(kw(name, keyword.V(1, 1), doc).spec(), func(e *keyword.Env, a *one) (Field[Script], error) {
		c := of(e)
		return func(s *Script) {
			d, ok := c.timer(a.Value, scriptInterval)
			switch {
			case !ok:
				if name == "timeout" {
					c.sayAt(1, "(%s): vrrp script timeout '%s' invalid - ignoring", s.Name, a.Value.Text)
					return
				}
				c.sayAt(1, "(%s): vrrp script %s '%s' must be between 0.001 and 4294 - ignoring", s.Name, name, a.Value.Text)
			case d == 0:
				c.sayAt(1, "(%s): vrrp script %s must be greater than 0, setting to 1", s.Name, name)
				*to(s) = time.Second
			default:
				*to(s) = d
			}
		}, nil
	})
}

func scriptCount(name, doc string, to func(*Script) *int) def[Script] {
	return number(kw(name, keyword.V(1, 1), doc), 1, 1<<31-1, "({name}): vrrp script "+name+" value '{value}' invalid, defaulting to 1",
		func(_ *compiler, s *Script, n int64) { *to(s) = int(n) })
}
