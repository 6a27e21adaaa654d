package pattern

import (
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// Method is how samples are compared with patterns ("-m", configuration
// manual 7.1).
type Method uint8

// Methods in the order of the manual; Dotted is int for versions such as 3.1,
// Meth is for HTTP methods, Group for groups of userlists.
const (
	NoMethod Method = iota
	Found
	Bool
	Int
	IP
	Bin
	Len
	Str
	Sub
	Reg
	Beg
	End
	Dir
	Dom
	Dotted
	Meth
	Group
)

var methodNames = [...]string{"", "found", "bool", "int", "ip", "bin", "len", "str", "sub", "reg", "beg", "end", "dir", "dom", "int", "str", "str"}

// String returns the method's word.
func (m Method) String() string { return methodNames[m] }

// methodOf returns the method of a word behind "-m".
func methodOf(s string) Method {
	for m := Found; m <= Dom; m++ {
		if methodNames[m] == s {
			return m
		}
	}
	return NoMethod
}

// wants returns the type that a sample must be cast to for the method.
func (m Method) wants() sample.Type {
	switch m {
	case Found:
		return tx.TypeAny
	case Bool:
		return tx.TypeInt
	case Int, Dotted:
		return tx.TypeInt
	case IP:
		return tx.TypeAddr
	case Bin:
		return tx.TypeBin
	}
	return tx.TypeStr
}

// needsPatterns says whether a test without patterns can never match.
func (m Method) needsPatterns() bool { return m != Found && m != Bool }

// defaultMethod is the method that a type of sample implies; NoMethod where
// "-m" must be given.
func defaultMethod(t sample.Type) Method {
	switch t {
	case tx.TypeBool:
		return Bool
	case tx.TypeInt:
		return Int
	case tx.TypeAddr, tx.TypeIPv4, tx.TypeIPv6:
		return IP
	case tx.TypeStr:
		return Str
	case tx.TypeMethod:
		return Meth
	}
	return NoMethod
}
