// Package bfd decides about sessions of Bidirectional Forwarding Detection
// (RFC 5880, in asynchronous mode): whether a neighbour still forwards. It owns
// no clock and no socket: packets and the time come in, packets to send, states
// and lines of the log go out.
package bfd
