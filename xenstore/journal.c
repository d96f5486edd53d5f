/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"
int journal_reserve(struct journal *j){return 0;}
void journal_change(struct journal *j, const struct change *ch){}
void journal_change_in(struct journal *j, const struct transaction *t, const struct change *ch){}
void journal_special(struct journal *j, const char *name, const struct perms *perms){}
void journal_domain(struct journal *j, const struct domain *d){}
void journal_watch(struct journal *j, const struct conn *c, const struct watch *w){}
void journal_unwatch(struct journal *j, const struct conn *c, const struct path *p, const char *token){}
void journal_reset(struct journal *j, const struct conn *c){}
void journal_transaction(struct journal *j, const struct transaction *t){}
void journal_transaction_end(struct journal *j, const struct conn *c, uint32_t id){}
void journal_output(struct journal *j, const struct conn *c, const void *message, uint32_t size){}
void journal_input_part(struct journal *j, const struct conn *c, const void *bytes, uint32_t size){}
void journal_input_done(struct journal *j, const struct conn *c, uint32_t size){}
void journal_quota(struct journal *j, unsigned int quota, uint64_t value){}
void journal_commit(struct journal *j){}
