package sample

import (
	"tandem/proxy/stick"
	"tandem/proxy/tx"
)

// StickType is the type of sample that a table's keys are made of.
func StickType(table *stick.Table) Type {
	switch table.Key {
	case stick.KeyIPv4:
		return tx.TypeIPv4
	case stick.KeyIPv6:
		return tx.TypeIPv6
	case stick.KeyInteger:
		return tx.TypeInt
	case stick.KeyBinary:
		return tx.TypeBin
	}
	return tx.TypeStr
}

// StickKey appends v as a key of a table; ok is false where its value cannot
// be one. An empty string is no key.
func StickKey(dst []byte, t *tx.Tx, table *stick.Table, v *Value) (key []byte, ok bool) {
	if !Cast(t, v, StickType(table)) {
		return dst, false
	}
	switch table.Key {
	case stick.KeyIPv4, stick.KeyIPv6:
		return table.AppendIP(dst, v.IP)
	case stick.KeyInteger:
		return table.AppendInt(dst, v.Int), true
	}
	return table.AppendBytes(dst, v.B), len(v.B) > 0
}
