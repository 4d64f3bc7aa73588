"""Microsoft.Authorization: roles, who has them where, locks, and what a request may do."""
