package stats

import "strconv"

// State is the state of an object behind its status text.
type State uint8

// States. Open to Stopped are for frontends and listeners, the others for
// servers; backends are Up or Down.
const (
	Down         State = iota
	GoingUp            // down, some checks passed
	Up                 // in service
	GoingDown          // in service, some checks failed
	NoLB               // "disable-on-404": only sticky traffic
	NoLBGoing          // NoLB, some checks failed
	Drain              // only sticky traffic, by the administrator
	DrainGoing         // Drain, some checks failed
	NoCheck            // in service, never checked
	Maint              // out of service by the administrator
	MaintVia           // Maint inherited from a tracked server
	MaintResolve       // no address was resolved
	DownAgent          // brought down by the agent
	Open               // accepting
	Waiting            // a listener that waits for resources
	Full               // at its limit
	Stopped            // no longer accepting
)

// ServerStatus returns the text of the column "status". check is that of the
// server, or of the one it tracks; via is the tracked "backend/server" that
// is in maintenance, for [MaintVia].
func ServerStatus(s State, check *CheckInfo, via string) string {
	switch s {
	case Down:
		return "DOWN"
	case DownAgent:
		return "DOWN (agent)"
	case GoingUp:
		return "DOWN " + fraction(check.Health, check.Rise)
	case Up:
		return "UP"
	case GoingDown:
		return "UP " + left(check)
	case NoLB:
		return "NOLB"
	case NoLBGoing:
		return "NOLB " + left(check)
	case Drain:
		return "DRAIN"
	case DrainGoing:
		return "DRAIN " + left(check)
	case NoCheck:
		return "no check"
	case Maint:
		return "MAINT"
	case MaintVia:
		return "MAINT (via " + via + ")"
	case MaintResolve:
		return "MAINT (resolution)"
	case Open:
		return "OPEN"
	case Waiting:
		return "WAITING"
	case Full:
		return "FULL"
	case Stopped:
		return "STOP"
	}
	return "UNKNOWN"
}

// left is how many failures of fall are left before the server goes down.
func left(c *CheckInfo) string {
	var n uint32
	if c.Health+1 > c.Rise {
		n = c.Health + 1 - c.Rise
	}
	return fraction(n, c.Fall)
}

func fraction(a, b uint32) string {
	return strconv.FormatUint(uint64(a), 10) + "/" + strconv.FormatUint(uint64(b), 10)
}

// IsMaint tells whether the server is in any sort of maintenance.
func (s State) IsMaint() bool { return s == Maint || s == MaintVia || s == MaintResolve }

// IsDown tells whether "show stat up" and the page's ";up" hide the server:
// not usable, be it by failure or by maintenance.
func (s State) IsDown() bool {
	return s == Down || s == GoingUp || s == DownAgent || s.IsMaint()
}

// metric returns the "state" label of haproxy_*_status.
func (s State) metric(k Kind) string {
	switch k {
	case KindFrontend:
		if s == Stopped || s == Down {
			return "DOWN"
		}
		return "UP"
	case KindListener:
		switch s {
		case Open:
			return "OPEN"
		case Full:
			return "FULL"
		}
		return "WAITING"
	}
	switch {
	case s == Down, s == GoingUp, s == DownAgent:
		return "DOWN"
	case s.IsMaint():
		return "MAINT"
	case s == Drain, s == DrainGoing:
		return "DRAIN"
	case s == NoLB, s == NoLBGoing:
		return "NOLB"
	}
	return "UP"
}

// stateLabels lists the values of the "state" label of haproxy_*_status.
func stateLabels(k Kind) []string {
	switch k {
	case KindFrontend, KindBackend:
		return []string{"DOWN", "UP"}
	case KindListener:
		return []string{"WAITING", "OPEN", "FULL"}
	}
	return []string{"DOWN", "UP", "MAINT", "DRAIN", "NOLB"}
}

// checkLabels lists the check results that metrics tell apart.
var checkLabels = []string{
	"HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP",
	"L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
}
