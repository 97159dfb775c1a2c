package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/spool"
)

// mailPatience is how long a mail server may take to let us in.
const mailPatience = 4 * time.Second

// mail signs in at the operator's server as the first mail would, and sends none.
func (x *examination) mail(ctx context.Context) {
	switch {
	case x.cfg.Mail.SMTPURL != "":
		c, err := mail.ParseSMTPURL(x.cfg.Mail.SMTPURL.Reveal(), x.cfg.Mail.From)
		if err != nil {
			return // reported with the settings
		}
		ctx, cancel := context.WithTimeout(ctx, mailPatience)
		defer cancel()
		if err := mail.NewSMTP(c).Check(ctx); err != nil {
			x.defect("mail", fmt.Errorf("%s:%d does not let us in, look at SMTP_URL: %w", c.Host, c.Port, err))
			return
		}
		x.ok("mail", "%s:%d lets us in, from %s", c.Host, c.Port, x.cfg.Mail.From)
	case x.cfg.Development():
		x.ok("mail", "kept in memory and shown at /dev/mail, as it is development")
	default:
		x.warn("mail", "SMTP_URL is not set: mails of programs without a mail server of their own wait")
	}
}

// outbound asks the guard about this machine and about the address at which clouds hand out the
// machine's own credentials: addresses that tenants choose must lead to neither.
func (x *examination) outbound() {
	guard := netguard.New(x.cfg.Outbound())
	for _, address := range []string{"127.0.0.1", "::1", "169.254.169.254"} {
		switch open := guard.Permits(netip.MustParseAddr(address)); {
		case open && x.cfg.Development():
			x.warn("outbound", "calls may reach %s, by OPENPARTNER_OUTBOUND_ALLOW; that is for development alone", address)
			return
		case open:
			x.defect("outbound", fmt.Errorf("calls to addresses that tenants choose may reach %s: narrow OPENPARTNER_OUTBOUND_ALLOW", address))
			return
		}
	}
	text := "calls to addresses that tenants choose reach no private network"
	if n := len(x.cfg.Outbound()); n > 0 {
		text += " but " + count(n, "allowed range")
	}
	x.ok("outbound", "%s", text)
}

// disk looks whether the data directory can be written to, and how much goes in yet.
func (x *examination) disk() {
	path, err := filepath.Abs(x.cfg.Data)
	if err != nil {
		return // reported before
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return // reported before
	}
	f, err := os.CreateTemp(path, ".doctor-*")
	if err != nil {
		x.defect("disk", fmt.Errorf("nothing can be written to the data directory: %w", err))
		return
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		x.defect("disk", err)
		return
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		x.defect("disk", fmt.Errorf("ask for free space: %w", err))
		return
	}
	free, total := s.Bavail*uint64(s.Bsize), s.Blocks*uint64(s.Bsize) //nolint:gosec // sizes are not negative
	switch judgeDisk(free, total) {
	case bad:
		x.defect("disk", fmt.Errorf("only %s are free: make room, or the database stops", gigabytes(free)))
	case doubtful:
		x.warn("disk", "%s of %s are free: make room soon", gigabytes(free), gigabytes(total))
	default:
		x.ok("disk", "%s of %s are free, and can be written to", gigabytes(free), gigabytes(total))
	}
}

// judgeDisk says whether so many free bytes are enough.
func judgeDisk(free, total uint64) verdict {
	switch {
	case free < 200<<20:
		return bad
	case free < 1<<30, free < total/10:
		return doubtful
	default:
		return fine
	}
}

func gigabytes(n uint64) string { return fmt.Sprintf("%.1f GB", float64(n)/(1<<30)) }

// spool says what clicks are on the disk that the database does not have.
func (x *examination) spool() {
	files, err := spool.Files(filepath.Join(x.cfg.Data, "spool"))
	if err != nil {
		x.defect("spool", err)
		return
	}
	waiting, aside, size := 0, 0, int64(0)
	for _, f := range files {
		size += f.Size
		if f.Aside {
			aside++
		} else {
			waiting++
		}
	}
	if waiting > 0 {
		x.warn("spool", "%s of clicks on the disk, %s in all: `openpartner serve` stores them when the database answers", count(waiting, "file"), megabytes(size))
	}
	if aside > 0 {
		x.warn("spool", "%s of clicks that could not be stored in %s: a backup takes them along, and a restore tries again", count(aside, "file"),
			filepath.Join(x.cfg.Data, "spool"))
	}
	if len(files) == 0 {
		x.ok("spool", "no clicks wait on the disk")
	}
}
