// Package stick keeps what is known of clients between requests: tables of
// keys with counters and the server that a key sticks to.
package stick

// Table is one stick-table.
type Table struct {
	Name string
}

// Entry is one key's data.
type Entry struct{}
