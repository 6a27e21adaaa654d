package lvs

import (
	"context"
	"fmt"
	"time"
)

// Prober makes single tries of one check. It may be called from any goroutine,
// once at a time.
type Prober interface {
	// Steps is how many things are checked in turn; at least 1.
	Steps() int
	// Probe makes one try of a step. It ends when ctx does.
	Probe(ctx context.Context, step int) Outcome
}

// Outcome is what a try found.
type Outcome struct {
	OK bool
	// Text says what went wrong, or what went well, in the words of its kind.
	Text string
	// Timeout says that nothing came in time.
	Timeout bool
	// Weight is added to the configured weight of the server as long as
	// Weighs says so.
	Weight int64
	Weighs bool
	// Notes are logged in any case.
	Notes []string
}

// Kind is how a kind of check speaks. A nil function says nothing.
type Kind struct {
	Name string
	// Step is for each step that went well while the check counts as failed.
	Step func(c *check, o *Outcome) string
	// Good is for the whole check, when it had failed or never run.
	Good func(c *check) string
	// Each is for every failure under log_all_failures.
	Each func(c *check, o *Outcome) string
	// Bad is for the failure that counts.
	Bad func(c *check, o *Outcome) string
	// MailGood and MailBad are bodies of mails.
	MailGood string
	MailBad  func(o *Outcome) string
	// OneLine says that Bad stands for Each at the last try.
	OneLine bool
}

// check is the state of a check.
type check struct {
	spec *Check
	rs   *server

	up      bool
	ran     bool
	enabled bool
	running bool
	tries   uint32 // failed since the last good one
	step    int
	failed  bool // step is one that failed: all are checked again after it
	weight  int64
	due     time.Duration
	index   int // in the queue
}

// vs names the service, for messages.
func (c *check) vs() string { return c.rs.svc.spec.Name }

// name names the server, for messages.
func (c *check) name() string { return c.rs.spec.Name }

// lasting says whether the failure came after retries that counted.
func (c *check) lasting() bool { return c.ran && c.spec.Retry > 0 }

// done takes the outcome of a try and says when the next one is.
func (d *Director) done(c *check, o Outcome, now time.Duration) {
	c.running = false
	for _, n := range o.Notes {
		d.log(n)
	}
	next := c.spec.Delay
	if o.OK {
		next = d.good(c, &o)
	} else {
		next = d.bad(c, &o, next)
	}
	d.queue.at(c, now+next)
}

// good takes a try that went well.
func (d *Director) good(c *check, o *Outcome) time.Duration {
	k := c.spec.Kind
	c.tries = 0
	if !c.up && k.Step != nil {
		d.log(k.Step(c, o))
	}
	next := c.spec.Delay
	if c.spec.Fast && (!c.up || !c.ran) {
		next = 0
	}
	if c.failed {
		// What had failed is well again: everything is checked from the start.
		c.failed, c.step = false, 0
		if k.Step != nil {
			return next
		}
	} else if c.step++; c.step < c.spec.Probe.Steps() {
		return next
	}
	c.step = 0
	weight := int64(0)
	if o.Weighs {
		weight = o.Weight
	}
	d.weigh(c, weight)
	if (!c.up || !c.ran) && k.Good != nil {
		d.log(k.Good(c))
	}
	c.ran = true
	if !c.up {
		c.up = true
		d.checkUp(c.rs, k.MailGood)
	}
	return c.spec.Delay
}

// bad takes a try that went wrong.
func (d *Director) bad(c *check, o *Outcome, next time.Duration) time.Duration {
	k := c.spec.Kind
	if !c.up && c.ran {
		c.tries = 0
		return next
	}
	last := !c.ran || c.tries >= c.spec.Retry
	if c.up && c.spec.LogAll && k.Each != nil && !(last && k.OneLine) {
		d.log(k.Each(c, o))
	}
	if !last {
		c.tries++
		return c.spec.RetryDelay
	}
	d.log(k.Bad(c, o))
	was := c.up
	c.up, c.ran, c.tries = false, true, 0
	c.failed = true
	if k == KindMisc {
		// What its script added to the weight ends here, without a word.
		defer func() { c.weight = 0 }()
	}
	if was || d.cfg.InitNotifies {
		d.checkDown(c.rs, k.MailBad(o), was)
	}
	return next
}

// plural is a number of retries with the word for it.
func plural(n uint32) string {
	if n == 1 {
		return "1 retry"
	}
	return fmt.Sprintf("%d retries", n)
}
