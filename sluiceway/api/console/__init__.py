"""The console's files, and the policy under which a browser runs them."""
