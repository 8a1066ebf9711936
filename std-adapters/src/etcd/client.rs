//! A client of a cluster: what is asked, of whichever member answers.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use prost::Message;

use super::error::Failure;
use super::member::{Member, Method, Repeats, Token};
use super::messages::{
    AuthenticateRequest, AuthenticateResponse, Ignored, LeaseGrantRequest, LeaseRevokeRequest,
    RangeRequest, RangeResponse, TxnRequest, TxnResponse,
};

const RANGE: Method = Method("/etcdserverpb.KV/Range");
const TXN: Method = Method("/etcdserverpb.KV/Txn");
const GRANT: Method = Method("/etcdserverpb.Lease/LeaseGrant");
const REVOKE: Method = Method("/etcdserverpb.Lease/LeaseRevoke");
const AUTHENTICATE: Method = Method("/etcdserverpb.Auth/Authenticate");

/// The members of a cluster, of which one is asked as long as it answers.
pub(super) struct Client {
    members: Vec<Member>,
    /// The number of the member that is asked first.
    preferred: AtomicUsize,
    login: Option<AuthenticateRequest>,
    token: Mutex<Option<Token>>,
}

impl Client {
    pub(super) fn new(members: Vec<Member>, login: Option<AuthenticateRequest>) -> Self {
        Self {
            members,
            preferred: AtomicUsize::new(0),
            login,
            token: Mutex::default(),
        }
    }

    pub(super) async fn range(&self, range: RangeRequest) -> Result<RangeResponse, Failure> {
        self.call(RANGE, &range, Repeats::Yes).await
    }

    /// A transaction that changes nothing.
    pub(super) async fn read(&self, txn: TxnRequest) -> Result<TxnResponse, Failure> {
        self.call(TXN, &txn, Repeats::Yes).await
    }

    /// A transaction, which is never sent again once a member may have got it.
    pub(super) async fn write(&self, txn: TxnRequest) -> Result<TxnResponse, Failure> {
        self.call(TXN, &txn, Repeats::No).await
    }

    pub(super) async fn grant(&self, lease: LeaseGrantRequest) -> Result<(), Failure> {
        let granted = self.call::<_, Ignored>(GRANT, &lease, Repeats::Yes).await;
        granted.map(drop)
    }

    pub(super) async fn revoke(&self, id: i64) -> Result<(), Failure> {
        let lease = LeaseRevokeRequest { id };
        let revoked = self.call::<_, Ignored>(REVOKE, &lease, Repeats::Yes).await;
        revoked.map(drop)
    }

    /// Asks the members one after the other, each once, until one answers.
    async fn call<Q, A>(&self, method: Method, question: &Q, repeats: Repeats) -> Result<A, Failure>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut answer = Err(Failure::no_member());
        for number in first..first + self.members.len() {
            answer = self.ask(number, (method, repeats), question).await;
            match &answer {
                Err(failure) if failure.is_of_member() => {
                    self.prefer_another(number);
                    if repeats == Repeats::No && !failure.is_unsent() {
                        break;
                    }
                }
                _ => break,
            }
        }
        answer
    }

    fn prefer_another(&self, number: usize) {
        // Fails if somebody else did so meanwhile.
        let _ = self.preferred.compare_exchange(
            number % self.members.len(),
            (number + 1) % self.members.len(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
    }

    /// Asks a member, once more with a new token if the old one is no longer taken.
    async fn ask<Q, A>(
        &self,
        number: usize,
        method: (Method, Repeats),
        question: &Q,
    ) -> Result<A, Failure>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let Some(member) = self.members.get(number % self.members.len().max(1)) else {
            return Err(Failure::no_member());
        };
        let token = self.token(member).await?;
        let answer = member.call(method, question, token.as_ref()).await;
        match answer {
            Err(failure) if failure.is_of_token() && self.login.is_some() => {
                self.forget_token();
                let token = self.token(member).await?;
                member.call(method, question, token.as_ref()).await
            }
            answer => answer,
        }
    }

    /// The token of the user; `None` if there is no user.
    async fn token(&self, member: &Member) -> Result<Option<Token>, Failure> {
        let Some(login) = &self.login else {
            return Ok(None);
        };
        let known = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if known.is_some() {
            return Ok(known);
        }
        let answer: AuthenticateResponse = member
            .call((AUTHENTICATE, Repeats::Yes), login, None)
            .await?;
        let token: Token = answer.token.parse().map_err(|_| Failure::out_of_step())?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(Some(token))
    }

    fn forget_token(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
