package notify

import (
	"fmt"
	"strconv"
)

// The states and events that programs are told of, by the words of the
// original.
const (
	Master           = "MASTER"
	Backup           = "BACKUP"
	Fault            = "FAULT"
	Stop             = "STOP"
	Deleted          = "DELETED"
	MasterRxLowerPri = "MASTER_RX_LOWER_PRI"
	MasterPriority   = "MASTER_PRIORITY"
	BackupPriority   = "BACKUP_PRIORITY"
)

// Change is one change of an instance or sync group.
type Change struct {
	Group    bool // of a sync group, not an instance
	Name     string
	State    string // one of the constants of this package
	Priority uint8  // effective; 0 for groups
}

// Kind is INSTANCE or GROUP.
func (c Change) Kind() string {
	if c.Group {
		return "GROUP"
	}
	return "INSTANCE"
}

// Line is what FIFOs get, with its line end: type, quoted name, state and
// priority.
func (c Change) Line() string {
	return fmt.Sprintf("%s \"%s\" %s %d\n", c.Kind(), c.Name, c.State, c.Priority)
}

// Args are what a generic notify script gets after its own arguments.
func (c Change) Args() []string {
	return []string{c.Kind(), c.Name, c.State, strconv.Itoa(int(c.Priority))}
}

// event says that the change is none of state: only FIFOs, and a script made
// for it, hear of it.
func (c Change) event() bool {
	return c.State == MasterRxLowerPri || c.State == MasterPriority || c.State == BackupPriority
}
