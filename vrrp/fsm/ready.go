package fsm

import (
	"fmt"
	"time"
)

// State is where an instance or group is.
type State uint8

// The states. Stop and Deleted are only ever told to notify programs, as are
// the three that name events.
const (
	Init State = iota
	Backup
	Master
	Fault
	Stop
	Deleted
	MasterRxLowerPri
	MasterPriority
	BackupPriority
)

// String is the word that notify programs and dumps know.
func (s State) String() string {
	return [...]string{"INIT", "BACKUP", "MASTER", "FAULT", "STOP", "DELETED",
		"MASTER_RX_LOWER_PRI", "MASTER_PRIORITY", "BACKUP_PRIORITY"}[s]
}

// Do is the kind of an effect.
type Do uint8

// The effects.
const (
	// SendAdvert sends an advert of Priority to the group or all peers.
	SendAdvert Do = iota
	// AddAddresses puts the virtual addresses on the interface; AddExcluded
	// those of virtual_ipaddress_excluded; AddRoutes and AddRules the rest.
	AddAddresses
	AddExcluded
	AddRoutes
	AddRules
	// The removals are performed in the opposite order.
	RemoveRules
	RemoveRoutes
	RemoveAddresses
	RemoveExcluded
	// Announce sends Repeat announcements for every address of the instance.
	Announce
	// AnnounceNew is Announce, but only if the last AddAddresses and AddExcluded
	// really added something: after a reload.
	AnnounceNew
	// AnnounceSelf announces the instance's own source address once, after a
	// unicast instance came back from a fault.
	AnnounceSelf
	// AnnounceExtra announces one address on each interface that is not the
	// instance's own (garp_extra_if).
	AnnounceExtra
	// Notify tells State of the instance (or Group) and Priority to scripts,
	// FIFOs and mail.
	Notify
	// Log writes Text; lines with Detail only under -D.
	Log
)

var doNames = [...]string{"send", "add-vips", "add-evips", "add-routes", "add-rules",
	"del-rules", "del-routes", "del-vips", "del-evips", "announce", "announce-new",
	"announce-self", "notify", "log"}

// Effect is one thing to do. Inst names the instance; for a Notify of a sync
// group Group is set instead.
type Effect struct {
	Do       Do
	Inst     string
	Group    string
	Priority uint8
	State    State
	Repeat   int
	Text     string
	Detail   bool
	// Old says that Inst is an instance of the configuration that a Reload has
	// just replaced; one of the same name may have taken its place.
	Old bool
}

// String is the line that scenarios show.
func (e Effect) String() string {
	switch e.Do {
	case SendAdvert:
		return fmt.Sprintf("send %s prio=%d", e.Inst, e.Priority)
	case Announce, AnnounceNew:
		return fmt.Sprintf("%s %s x%d", doNames[e.Do], e.Inst, e.Repeat)
	case Notify:
		if e.Group != "" {
			return fmt.Sprintf("notify GROUP %q %s %d", e.Group, e.State, e.Priority)
		}
		return fmt.Sprintf("notify INSTANCE %q %s %d", e.Inst, e.State, e.Priority)
	case Log:
		if e.Detail {
			return "log(-D) " + e.Text
		}
		return "log " + e.Text
	}
	return doNames[e.Do] + " " + e.Inst
}

// Ready is the answer of the machine: effects in order, and the moment at
// which it must be stepped again at the latest. The slice is reused by the
// next Step.
type Ready struct {
	Effects  []Effect
	Deadline time.Duration
	Armed    bool // Deadline means something
}

func (m *Machine) emit(e Effect) { m.out = append(m.out, e) }

func (m *Machine) log(format string, args ...any) {
	m.out = append(m.out, Effect{Do: Log, Text: fmt.Sprintf(format, args...)})
}

func (m *Machine) logD(format string, args ...any) {
	m.out = append(m.out, Effect{Do: Log, Text: fmt.Sprintf(format, args...), Detail: true})
}
