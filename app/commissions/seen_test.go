package commissions

import (
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
)

func TestCommission_SeenBy(t *testing.T) {
	t.Parallel()
	id, note := uuid.New(), "he asked for it"
	partner, admin := auth.Principal{Kind: auth.Key, PartnerID: id}, auth.Principal{Kind: auth.AdminKind}
	sale := Commission{EventID: &id, ApprovedBy: &id, ReversedBy: &id, Note: &note, Status: Approved}
	bonus := Commission{ApprovedBy: &id, Note: &note, Status: Approved}
	if got := sale.seenBy(admin); got.Note == nil || got.ApprovedBy == nil {
		t.Error("an admin sees less than there is")
	}
	if got := sale.seenBy(partner); got.Note != nil || got.ApprovedBy != nil || got.ReversedBy != nil {
		t.Error("a partner reads what admins noted on a sale")
	}
	if got := bonus.seenBy(partner); got.Note == nil || got.ApprovedBy != nil {
		t.Error("the note of a bonus is for its partner, and who approved it is not")
	}
	bonus.Status = Reversed
	if got := bonus.seenBy(partner); got.Note != nil {
		t.Error("why a bonus was reversed is for admins")
	}
}
