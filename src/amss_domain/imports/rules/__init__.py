"""What a row of each kind says, and every reason why it says nothing that can be taken."""
