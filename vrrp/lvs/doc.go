// Package lvs balances connections with IPVS, the kernel's layer-4 balancer,
// and checks the servers behind it.
//
// A [Director] is pure state: it takes what the checks found and says what is
// to be logged, told to the kernel, run and mailed. A [Kernel] takes the
// commands; a [Prober] makes one try of one check. What owns a clock or a
// socket decides nothing here: the loop of package daemon feeds the Director.
package lvs
