use limits_core::window::Hit;
use mongodb::action::FindOneAndUpdate;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::ReturnDocument;
use mongodb::{ClientSession, Collection};

use super::error::is_passing;
use super::keeps::ATTEMPTS;
use super::kinds::Recipe;

/// One `findAndModify`.
pub(super) struct Change {
    pub(super) filter: Document,
    /// What the document becomes, as an expression.
    pub(super) becomes: Document,
    pub(super) shown: Document,
    /// Whether a document that is not there is made, and shown as it is after the change;
    /// else it is shown as it was before.
    pub(super) inserts: bool,
}

impl Change {
    /// That of a hit.
    pub(super) fn of_hit(recipe: &dyn Recipe, id: String, hit: Hit) -> Self {
        Self {
            filter: doc! { "_id": id },
            becomes: recipe.acquired(hit),
            shown: recipe.shown(hit),
            inserts: true,
        }
    }

    /// Sends it again when somebody else was first to insert the document.
    pub(super) async fn made_in(
        self,
        collection: Collection<Document>,
    ) -> Result<Option<Document>, Error> {
        let mut attempt = 1;
        loop {
            match self.send(&collection).await {
                Err(error) if is_passing(&error) && attempt < ATTEMPTS => attempt += 1,
                answer => return answer,
            }
        }
    }

    async fn send(&self, collection: &Collection<Document>) -> Result<Option<Document>, Error> {
        self.operation(collection).await
    }

    /// Makes the change as a part of a transaction.
    pub(super) async fn made_within(
        &self,
        session: &mut ClientSession,
        collection: &Collection<Document>,
    ) -> Result<Option<Document>, Error> {
        self.operation(collection).session(session).await
    }

    fn operation<'c>(
        &self,
        collection: &'c Collection<Document>,
    ) -> FindOneAndUpdate<'c, Document> {
        let pipeline = vec![doc! { "$replaceWith": self.becomes.clone() }];
        let shown_is = if self.inserts {
            ReturnDocument::After
        } else {
            ReturnDocument::Before
        };
        collection
            .find_one_and_update(self.filter.clone(), pipeline)
            .projection(self.shown.clone())
            .upsert(self.inserts)
            .return_document(shown_is)
    }
}
