"""What reviewers see and do: who they are, what lies on their desk, and how each kind of item is shown. Values, no markup."""
