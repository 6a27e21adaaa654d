// Package fsm decides. It is the election of VRRP for any number of instances
// and sync groups, as keepalived runs it, and nothing else: it owns no clock,
// no socket and no goroutine.
//
// A [Machine] is fed events ([Machine.Step]) together with the time at which
// they happened, and answers with a [Ready]: what must be done, in the order
// in which it must be done, and when it wants to be woken. The caller performs
// the effects and may not skip or reorder them.
//
//	         Start                     timer, all of the group agree
//	Init ----------------> Backup --------------------------------> Master
//	  |                     ^   ^                                     |
//	  | faults at start     |   +---- higher priority, VIP removed ---+
//	  v                     |                                         |
//	Fault ------------------+  <------ tracked thing failed ----------+
//	        all recovered
//
// Time is a duration since an arbitrary moment that the caller chose and never
// changes; arithmetic is in microseconds, as in the original, so that two
// implementations take over in the same instant.
package fsm
