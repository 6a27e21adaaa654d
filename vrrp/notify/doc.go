// Package notify tells the world of changes: it runs the scripts of an instance
// or a sync group, writes lines to FIFOs, and sends mail.
//
// It decides nothing about virtual routers. Whoever tells it something never
// waits: scripts and mails stand in bounded queues, FIFOs are written without
// blocking, and what does not fit is dropped, counted and logged.
package notify
