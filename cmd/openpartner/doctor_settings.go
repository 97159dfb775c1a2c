package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/openpartner/openpartner/app/config"
)

// settings reports every fault of the environment, and what is allowed but rarely meant.
func (x *examination) settings() {
	if x.faults != nil {
		for line := range strings.Lines(x.faults.Error()) {
			x.defect("settings", errors.New(line))
		}
	} else {
		x.ok("settings", "%s, %s tenancy, %s, listening on %s", x.cfg.Env, x.cfg.Tenancy, x.cfg.PublicURL, x.cfg.Listen)
	}
	for _, doubt := range doubts(x.cfg) {
		x.warn("settings", "%s", doubt)
	}
}

// doubts are settings that may be right and usually are not.
func doubts(c config.Config) (out []string) {
	local := strings.HasPrefix(c.PublicURL, "http://")
	if !c.Development() && local {
		out = append(out, "OPENPARTNER_PUBLIC_URL is "+c.PublicURL+": links and sign-in work on this machine only")
	}
	if c.Development() && c.Secure() {
		out = append(out, "OPENPARTNER_ENV is development under a public https address: mails stay in memory and anybody can read them at /dev/mail")
	}
	if c.Secure() && len(c.Trusted()) == 0 {
		out = append(out, "OPENPARTNER_TRUSTED_PROXIES is empty: behind the proxy that ends https all visitors have its address, and share their rate limits")
	}
	if c.Development() && c.ClockOffset != 0 {
		out = append(out, "OPENPARTNER_CLOCK_OFFSET moves the clock by "+c.ClockOffset.String())
	}
	return out
}

// directory looks at the data directory and at who may open what is secret in it.
func (x *examination) directory() {
	path, err := filepath.Abs(x.cfg.Data)
	if err != nil {
		x.defect("data", err)
		return
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.warn("data", "%s does not exist yet", path)
		return
	case err != nil:
		x.defect("data", err)
		return
	case !info.IsDir():
		x.defect("data", fmt.Errorf("%s is not a directory", path))
		return
	}
	defects := x.defects
	x.private(path, 0o022)
	for _, secret := range []string{"pg", "pg/data", "pg/passwords", "secrets.key"} {
		x.private(filepath.Join(path, secret), 0o077)
	}
	if x.defects == defects {
		x.ok("data", "%s, closed to others", path)
	}
}

// private is a defect when others have one of the rights in open. What is not there, or may not
// be looked at, is no business of theirs either.
func (x *examination) private(path string, open fs.FileMode) {
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	if mode := info.Mode().Perm(); mode&open != 0 {
		x.defect("data", fmt.Errorf("%s is open to others (%04o): run chmod %04o %s", path, mode, mode&^open, path))
	}
}

// encryption says where the keys come from and whether they can be read.
func (x *examination) encryption() {
	_, err := readKeyring(x.program)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.warn("encryption", "no key yet, `openpartner serve` makes one in %s", keyFile(x.cfg))
	case err != nil:
		x.defect("encryption", err)
	case x.cfg.EncryptionKey != "":
		x.ok("encryption", "the keys in SECRETS_ENCRYPTION_KEY can be read")
	default:
		x.ok("encryption", "the key in %s can be read; no backup holds it, so keep a copy apart", keyFile(x.cfg))
	}
}
