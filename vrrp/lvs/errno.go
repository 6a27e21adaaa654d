package lvs

import (
	"errors"
	"fmt"
	"syscall"
)

// ErrorText is the line that says that the kernel refused a command.
func ErrorText(c Command, err error) string {
	op := opNames[c.Op]
	var no syscall.Errno
	errors.As(err, &no)
	where := ""
	switch id := c.Service.name(); c.Op {
	case AddService, SetService, DelService:
		where = " (" + id + ")"
	case AddDest, SetDest, DelDest:
		where = fmt.Sprintf(" (%s -> %s)", id, joinPort(c.Dest.Addr.String(), c.Dest.Port))
	}
	text := refusals[refusal{c.Op, no}]
	if text == "" {
		text = general[no]
	}
	if text == "" {
		text = sysText(no)
	}
	return fmt.Sprintf("IPVS cmd %s(%d) error: %s(%d)%s", op.name, op.number, text, int(no), where)
}

// name is a service in messages about commands.
func (s ServiceID) name() string {
	if s.Protocol == 0 {
		return fmt.Sprintf("Fwm %d%s", s.FWMark, map[bool]string{true: " inet6"}[s.IPv6])
	}
	return fmt.Sprintf("%s:%s", s.Addr, joinPort(map[uint8]string{TCP: "tcp", UDP: "udp", SCTP: "sctp"}[s.Protocol], s.Port))
}

func joinPort(s string, port uint16) string { return fmt.Sprintf("%s:%d", s, port) }

// opNames are the commands by the names and numbers of the older interface of
// IPVS (linux/ip_vs.h), which messages use.
var opNames = map[Op]struct {
	name   string
	number int
}{
	AddService: {"IP_VS_SO_SET_ADD", 1154}, SetService: {"IP_VS_SO_SET_EDIT", 1155}, DelService: {"IP_VS_SO_SET_DEL", 1156},
	Flush: {"IP_VS_SO_SET_FLUSH", 1157}, AddDest: {"IP_VS_SO_SET_ADDDEST", 1159}, DelDest: {"IP_VS_SO_SET_DELDEST", 1160},
	SetDest: {"IP_VS_SO_SET_EDITDEST", 1161}, SetTimeouts: {"IP_VS_SO_SET_TIMEOUT", 1162},
	StartDaemon: {"IP_VS_SO_SET_STARTDAEMON", 1163}, StopDaemon: {"IP_VS_SO_SET_STOPDAEMON", 1164},
}

type refusal struct {
	op Op
	no syscall.Errno
}

// What errors of single commands mean; general ones mean the same for all.
var (
	refusals = map[refusal]string{
		{AddService, syscall.EEXIST}:  "Service already exists",
		{AddService, syscall.ENOENT}:  "Scheduler or persistence engine not found",
		{SetService, syscall.ESRCH}:   "No such service",
		{SetService, syscall.ENOENT}:  "Scheduler or persistence engine not found",
		{DelService, syscall.ESRCH}:   "No such service",
		{AddDest, syscall.ESRCH}:      "Service not defined",
		{AddDest, syscall.EEXIST}:     "Destination already exists",
		{SetDest, syscall.ESRCH}:      "Service not defined",
		{SetDest, syscall.ENOENT}:     "No such destination",
		{DelDest, syscall.ESRCH}:      "Service not defined",
		{DelDest, syscall.ENOENT}:     "No such destination",
		{StartDaemon, syscall.EEXIST}: "Daemon has already run",
		{StopDaemon, syscall.ESRCH}:   "No daemon is running",
	}
	general = map[syscall.Errno]string{
		syscall.EPERM:        "Permission denied (you must be root)",
		syscall.EINVAL:       "Invalid operation.  Possibly wrong module version, address not unicast, ...",
		syscall.ENOPROTOOPT:  "Protocol not available",
		syscall.ENOMEM:       "Memory allocation problem",
		syscall.EOPNOTSUPP:   "Operation not supported with IPv6",
		syscall.EAFNOSUPPORT: "Operation not supported with specified address family",
		syscall.EMSGSIZE:     "Module is wrong version",
	}
)

// Errno is the system's number of an error; 0: it has none.
func Errno(err error) syscall.Errno { return errno(err) }

// SysText is the text of a system error as the C library has it.
func SysText(no syscall.Errno) string { return sysText(no) }

// sysText is the text of a system error as the C library has it: Go's begins
// with a small letter.
func sysText(no syscall.Errno) string {
	s := no.Error()
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
