"""Sign-in and directory of the lab's Azure: Entra ID, Microsoft Graph, managed identities."""
