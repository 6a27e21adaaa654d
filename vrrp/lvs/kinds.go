package lvs

import (
	"fmt"
)

// The kinds of checks.
var (
	KindTCP  = connectKind("TCP_CHECK", "TCP connection", "TCP CHECK")
	KindUDP  = connectKind("UDP_CHECK", "UDP connection", "UDP CHECK")
	KindHTTP = httpKind("HTTP")
	KindSSL  = httpKind("SSL")
	KindPing = &Kind{
		Name: "PING_CHECK",
		Good: func(c *check) string { return fmt.Sprintf("ICMP connection to %s success.", c.name()) },
		Each: func(c *check, o *Outcome) string {
			if o.Timeout {
				return fmt.Sprintf("ICMP connection to address %s timeout.", c.name())
			}
			return fmt.Sprintf("ICMP connection to %s of %s failed.", c.name(), c.vs())
		},
		Bad: func(c *check, _ *Outcome) string {
			if c.lasting() {
				return fmt.Sprintf("ICMP CHECK on service %s of %s failed after %d retries.", c.name(), c.vs(), c.spec.Retry)
			}
			return fmt.Sprintf("ICMP CHECK on service %s failed.", c.name())
		},
		MailGood: "=> ICMP CHECK succeed on service <=",
		MailBad:  says("=> ICMP CHECK failed on service <="),
	}
	KindSMTP = &Kind{
		Name:     "SMTP_CHECK",
		Good:     func(c *check) string { return fmt.Sprintf("Remote SMTP server %s succeed on service.", c.name()) },
		Each:     func(_ *check, o *Outcome) string { return "SMTP_CHECK " + o.Text },
		Bad:      func(_ *check, o *Outcome) string { return "SMTP_CHECK " + o.Text },
		OneLine:  true,
		MailGood: "=> CHECK succeed on service <=",
		MailBad:  func(o *Outcome) string { return "=> CHECK failed on service : " + o.Text + " <=" },
	}
	KindDNS = &Kind{
		Name: "DNS_CHECK",
		Each: func(c *check, o *Outcome) string { return fmt.Sprintf("DNS_CHECK (%s) %s", c.name(), o.Text) },
		Bad: func(c *check, o *Outcome) string {
			line := fmt.Sprintf("DNS_CHECK (%s) %s", c.name(), o.Text)
			if c.lasting() {
				line += fmt.Sprintf(" after %d retries", c.spec.Retry)
			}
			return line
		},
		OneLine:  true,
		MailGood: "=> DNS_CHECK: succeed on service <=",
		MailBad:  says("=> DNS_CHECK: failed on service <="),
	}
	KindMisc = &Kind{
		Name: "MISC_CHECK",
		Good: func(c *check) string { return c.misc() + " succeeded." },
		Each: func(c *check, o *Outcome) string {
			how := ", will do " + plural(c.spec.Retry)
			if c.tries > 0 {
				how = fmt.Sprintf(" on retry %d/%d", c.tries, c.spec.Retry)
			}
			return c.misc() + " " + o.ended() + how + o.status()
		},
		Bad: func(c *check, o *Outcome) string {
			how := " with retry disabled"
			if c.spec.Retry > 0 {
				how = " after " + plural(c.spec.Retry)
			}
			return c.misc() + " " + o.ended() + how + o.status()
		},
		OneLine:  true,
		MailGood: "=> MISC CHECK succeeded on service <=",
		MailBad:  func(o *Outcome) string { return "=> MISC CHECK " + o.ended() + " on service <=" },
	}
	// KindBFD follows the session that Check.About names; see [Director.Follow].
	KindBFD = &Kind{Name: "BFD_CHECK"}
	// KindFile follows a file: it never fails, and says nothing.
	KindFile = &Kind{Name: "FILE_CHECK"}
)

func says(text string) func(*Outcome) string { return func(*Outcome) string { return text } }

// connectKind is how checks speak that succeed when a peer is there.
func connectKind(name, what, mail string) *Kind {
	return &Kind{
		Name: name,
		Good: func(c *check) string { return fmt.Sprintf("%s to %s success.", what, c.name()) },
		Each: func(c *check, o *Outcome) string {
			switch {
			case o.Text != "":
				return fmt.Sprintf(o.Text, c.name())
			case o.Timeout:
				return fmt.Sprintf("%s to %s timeout.", what, c.name())
			}
			return fmt.Sprintf("%s to %s failed.", what, c.name())
		},
		Bad: func(c *check, _ *Outcome) string {
			if c.lasting() {
				return fmt.Sprintf("%s on service %s failed after %d retries.", name, c.name(), c.spec.Retry)
			}
			return fmt.Sprintf("%s on service %s failed.", name, c.name())
		},
		MailGood: "=> " + mail + " succeed on service <=",
		MailBad:  says("=> " + mail + " failed on service <="),
	}
}

// httpKind is how checks of pages speak.
func httpKind(protocol string) *Kind {
	return &Kind{
		Name: protocol + "_GET",
		Step: func(c *check, o *Outcome) string { return fmt.Sprintf(o.Text, c.name()) },
		Good: func(c *check) string { return fmt.Sprintf("Remote Web server %s succeed on service.", c.name()) },
		Each: func(c *check, o *Outcome) string { return fmt.Sprintf("%s server %s.", o.Text, c.name()) },
		Bad: func(c *check, _ *Outcome) string {
			if c.spec.Retry > 0 {
				return fmt.Sprintf("%s_CHECK on service %s failed after %d retries.", protocol, c.name(), c.spec.Retry)
			}
			return fmt.Sprintf("%s_CHECK on service %s failed.", protocol, c.name())
		},
		MailGood: "=> CHECK succeed on service <=",
		MailBad:  says("=> CHECK failed on service : HTTP/SSL request failed <="),
	}
}

// misc begins the messages of a MISC_CHECK.
func (c *check) misc() string {
	return fmt.Sprintf("Misc check for [%s VS %s] by [%s]", c.name(), c.vs(), c.spec.About)
}

// ended is the word for how a script ended badly.
func (o *Outcome) ended() string {
	if o.Timeout {
		return "timed out"
	}
	return "failed"
}

// status ends the message of a script that ended badly.
func (o *Outcome) status() string {
	if o.Timeout || o.Text == "" {
		return "."
	}
	return " (" + o.Text + ")."
}
