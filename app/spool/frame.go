package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A frame is four bytes of length, four of checksum (CRC-32C of the record), and the record.
const (
	frameHead = 8
	maxRecord = 64 << 10
)

// errTorn says that the end was not written whole: the process or the machine died while it
// was written, so nobody was told that it was kept.
var errTorn = errors.New("the end was not written whole")

// errDamaged says that a whole record is not what was written.
var errDamaged = errors.New("a record is damaged")

// ErrTooLarge refuses a record that no reader would take.
var ErrTooLarge = errors.New("the record is too large for the spool")

func appendFrame(to, record []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, uint32(len(record))) //nolint:gosec // at most maxRecord
	to = binary.LittleEndian.AppendUint32(to, checksum(record))
	return append(to, record...)
}

// readFrame gives the next record; io.EOF, errTorn or errDamaged when there is none.
func readFrame(r io.Reader) ([]byte, error) {
	var head [frameHead]byte
	n, err := io.ReadFull(r, head[:])
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errTorn
	case err != nil:
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:4])
	if length == 0 || length > maxRecord {
		return nil, errDamaged
	}
	record := make([]byte, length)
	if _, err := io.ReadFull(r, record); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errTorn
		}
		return nil, err
	}
	if checksum(record) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errDamaged
	}
	return record, nil
}

func checksum(record []byte) uint32 {
	return crc32.Checksum(record, crc32.MakeTable(crc32.Castagnoli))
}
